import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/* A packaged kiosk on a machine without anything else of ours: an empty folder, no checkout near, an unprivileged user. */

/** Debian's `nobody`. Tests that are root run the kiosk as this user, since it refuses to run as root. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

export interface Unpacked {
  /** Root of the build. */
  readonly app: string;
  /** SMARTPRESENCE_HOME of its kiosk. */
  readonly home: string;
  /** Environment of a service, without the developer's variables. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `bin/kiosk` until it ends. */
  kiosk(args: readonly string[], input?: string): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Starts `bin/kiosk run`. */
  run(args: readonly string[]): RunningKiosk;
  /** Gives the data folder to the kiosk's user, after a test has put files into it. */
  handOver(): void;
  remove(): void;
}

export interface RunningKiosk {
  readonly child: ChildProcess;
  /** Lines of JSON received so far. */
  readonly lines: readonly Record<string, unknown>[];
  /** Returns the first line, now or later, that `wanted` accepts. @throws when the process ends or the time is over */
  line(wanted: (line: Record<string, unknown>) => boolean, ms: number): Promise<Record<string, unknown>>;
  /** Sends the signal and waits. @returns the exit code, or the signal that ended it */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export function unpack(archive: string): Unpacked {
  const base = mkdtempSync(join(tmpdir(), 'sp-packaged-'));
  const [app, home] = [join(base, 'app'), join(base, 'home')];
  chmodSync(base, 0o755); // the kiosk's user has to traverse it
  mkdirSync(app, { mode: 0o755 });
  mkdirSync(home, { mode: 0o700 });
  execFileSync('tar', ['--extract', '--gzip', '--file', archive, '--directory', app, '--no-same-owner']);
  const handOver = (): void => {
    if (asRoot) execFileSync('chown', ['--recursive', `${NOBODY}:${NOBODY}`, home]);
  };
  if (asRoot) chownSync(home, NOBODY, NOBODY);
  const env = { PATH: '/usr/bin:/bin', HOME: home, SMARTPRESENCE_HOME: home, LANG: 'C.UTF-8' };
  const start = (args: readonly string[]): ChildProcess =>
    spawn(join(app, 'bin/kiosk'), args, {
      cwd: '/',
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(asRoot && { uid: NOBODY, gid: NOBODY }),
    });
  return {
    app,
    home,
    env,
    handOver,
    remove: () => rmSync(base, { recursive: true, force: true }),
    async kiosk(args, input = '') {
      const child = start(args);
      let [stdout, stderr] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.stdin?.end(input);
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      return { code, stdout, stderr };
    },
    run: (args) => running(start(['run', ...args])),
  };
}

function running(child: ChildProcess): RunningKiosk {
  const lines: Record<string, unknown>[] = [];
  const notified: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of [...waiting]) check();
  };
  child.stdin?.end();
  createInterface({ input: child.stdout! }).on('line', (text) => {
    notified.push(text);
    lines.push(JSON.parse(text) as Record<string, unknown>);
    wake();
  });
  createInterface({ input: child.stderr! }).on('line', (text) => notified.push(text));
  const over = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      resolve(signal ?? code);
      wake();
    });
  });
  return {
    child,
    lines,
    line: (wanted, ms) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => {
          clearTimeout(timer);
          waiting.delete(check);
          reject(new Error(`${why}; it said:\n${notified.join('\n')}`));
        };
        const check = () => {
          const found = lines.find(wanted);
          if (found) {
            clearTimeout(timer);
            waiting.delete(check);
            resolve(found);
          } else if (child.exitCode !== null || child.signalCode !== null) fail('the kiosk ended');
        };
        const timer = setTimeout(() => fail(`${ms} ms are over`), ms);
        waiting.add(check);
        check();
      }),
    async end(signal) {
      child.kill(signal);
      return over;
    },
  };
}
