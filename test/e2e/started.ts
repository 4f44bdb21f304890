import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Output that has not been printed by then never will be. */
const HANG_MS = 120_000;

/** `npm start` as a user runs it, with a separate data folder. */
export interface Started {
  readonly home: string;
  readonly child: ChildProcess;
  /** Everything it has printed. */
  output(): string;
  /** Resolves with the first match, now or later. @throws when the process ends or hangs */
  waitFor(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Ctrl-C: like a terminal, sends the signal to the whole group. Resolves when no process holds the output open any more. */
  interrupt(): Promise<void>;
  removeHome(): Promise<void>;
}

export function startAppliance(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  home = mkdtempSync(join(tmpdir(), 'sp-e2e-')),
): Started {
  const child = spawn('npm', ['start', '--', ...args], {
    cwd: root,
    env: { ...process.env, SMARTPRESENCE_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  const waiting = new Set<() => void>();
  const more = (chunk: Buffer) => {
    text += chunk;
    for (const check of waiting) check();
  };
  child.stdout?.on('data', more);
  child.stderr?.on('data', more);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    home,
    child,
    output: () => text,
    waitFor(pattern) {
      return new Promise((resolve, reject) => {
        const fail = (why: string) => {
          waiting.delete(check);
          clearTimeout(timer);
          reject(new Error(`${why} while waiting for ${pattern}; it printed:\n${text}`));
        };
        const check = () => {
          const match = text.match(pattern);
          if (!match) return;
          waiting.delete(check);
          clearTimeout(timer);
          resolve(match);
        };
        const timer = setTimeout(() => fail(`${HANG_MS} ms are over`), HANG_MS);
        waiting.add(check);
        void ended.then((code) => fail(`the process ended with ${code}`));
        check();
      });
    },
    async interrupt() {
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid!, 'SIGINT');
        // npm itself dies of the signal at once. The appliance that it started takes the time it needs.
        await closed;
      }
      await ended;
    },
    removeHome: () => rm(home, { recursive: true, force: true }),
  };
}

/** Returns the processes whose command line or environment names this data folder. */
export async function processesOf(home: string): Promise<string[]> {
  const { readdir, readFile } = await import('node:fs/promises');
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const [command, environ] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
        readFile(`/proc/${pid}/environ`, 'utf8'),
      ]);
      if (command.includes(home) || environ.includes(home)) found.push(`${pid} ${command.replaceAll('\0', ' ')}`);
    } catch {
      // the process ended before we read it
    }
  }
  return found;
}
