import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../sync/errors/problem.ts';
import type { CoreOptions } from '../core/interface.ts';
import { type ChromiumPlan, chromiumArgs, chromiumEnv, chromiumPreferences } from './chromium-args.ts';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
];

/** Finds Chromium: `SMARTPRESENCE_CHROMIUM`, else the first of the usual places; null if there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const named = env.SMARTPRESENCE_CHROMIUM;
  return (named ? [named] : PLACES).find(isExecutable) ?? null;
}

/** Finds Chromium. @throws Problem `chromium-missing`, `chromium-not-a-program` */
export function requireChromium(env: NodeJS.ProcessEnv = process.env): string {
  const found = findChromium(env);
  if (found) return found;
  throw chromiumMissing(env.SMARTPRESENCE_CHROMIUM);
}

/** @param named path from the setting, which is not a program */
export const chromiumMissing = (named: string | undefined): Problem =>
  named ? new Problem('chromium-not-a-program', { path: named }) : new Problem('chromium-missing');

/**
 * Checks whether this user may run the kiosk's browser, and whether with its sandbox.
 *
 * @returns false if the sandbox has to be left out (a demo as root)
 * @throws Problem `root-refused`: outside a demo, Chromium only runs as an unprivileged user with its sandbox
 */
export function sandboxFor(uid: number | undefined, demo: boolean): boolean {
  if (uid !== 0) return true;
  if (demo) return false;
  throw new Problem('root-refused');
}

export interface RunningChromium {
  readonly pid: number | undefined;
  /** Ends the current browser, which is then restarted automatically. */
  restart(reason: string): void;
  /** Ends it for good, with all its processes. */
  close(): Promise<void>;
}

const KILL_AFTER = 3_000;
/** How long to wait for a killed group, ms: the kernel removes processes shortly after the signal. */
const GROUP_ENDS_WITHIN = 1_000;
const RELAUNCH_AFTER = [500, 1_000, 2_000, 5_000, 15_000, 30_000] as const;
const STABLE_AFTER = 60_000;

/**
 * Starts Chromium, and restarts it whenever it ends, each time with a new profile and a new entry link.
 *
 * @param prepare called before each start: ends the previous sessions, and writes profile folder and bootstrap page
 */
export function keepChromiumRunning(
  program: string,
  prepare: () => ChromiumPlan,
  log: CoreOptions['log'],
): RunningChromium {
  const [command, ...prefix] = endingWithHost(program);
  let closing = false;
  let ends = 0;
  let pid: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let onEnd: () => void = () => undefined;

  function launch(): void {
    const plan = prepare();
    seedProfile(plan);
    const since = Date.now();
    const child = spawn(command, [...prefix, ...chromiumArgs(plan)], {
      env: chromiumEnv(process.env, plan.profile),
      stdio: ['ignore', 'ignore', 'pipe'],
      // Its own process group, so that zygote, GPU and renderer processes end with it, and Ctrl-C reaches us first.
      detached: true,
    });
    pid = child.pid;
    let over = false;
    const ended = (detail: Record<string, unknown>): void => {
      if (over) return;
      over = true;
      const group = pid;
      endGroup(group, 'SIGKILL');
      pid = undefined;
      if (closing) {
        void groupEnded(group).then(onEnd);
        return;
      }
      if (Date.now() - since >= STABLE_AFTER) ends = 0;
      const wait = RELAUNCH_AFTER[Math.min(ends, RELAUNCH_AFTER.length - 1)]!;
      ends += 1;
      log('warn', 'host: the browser exited; restarting it', { ...detail, wait, inARow: ends });
      timer = setTimeout(launch, wait);
    };
    createInterface({ input: child.stderr }).on('line', (line) => log('debug', `browser: ${line.slice(0, 500)}`));
    child.on('error', (error) => ended({ error }));
    child.on('exit', (code, signal) => ended({ exit: code, signal }));
    log('info', 'host: browser started', { pid, mode: plan.mode, sandbox: plan.sandbox });
  }

  launch();
  return {
    get pid() {
      return pid;
    },
    restart(reason) {
      log('warn', 'host: stopping the browser to restart it', { reason });
      endGroup(pid, 'SIGKILL');
    },
    close() {
      closing = true;
      clearTimeout(timer);
      if (pid === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        const kill = setTimeout(() => endGroup(pid, 'SIGKILL'), KILL_AFTER);
        onEnd = () => {
          clearTimeout(kill);
          resolve();
        };
        endGroup(pid, 'SIGTERM');
      });
    },
  };
}

/** Has the kernel end the browser if the host is killed and can't do it itself (prctl(2), PR_SET_PDEATHSIG). */
function endingWithHost(program: string): [string, ...string[]] {
  const setpriv = '/usr/bin/setpriv'; // util-linux, essential on Debian
  return isExecutable(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--', program] : [program];
}

function seedProfile(plan: ChromiumPlan): void {
  const folder = join(plan.profile, 'Default');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'Preferences'), JSON.stringify(chromiumPreferences(plan.origin)), { mode: 0o600 });
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: all processes of the group have ended already, as intended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves when no process of the group is left, or after GROUP_ENDS_WITHIN, since zombies may never be reaped. */
async function groupEnded(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  const until = performance.now() + GROUP_ENDS_WITHIN;
  while (performance.now() < until) {
    try {
      process.kill(-pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
