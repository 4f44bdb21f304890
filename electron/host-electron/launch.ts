import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { CoreOptions } from '../core/interface.ts';

export interface LaunchOptions {
  readonly program: string;
  /** The built app (build/electron/app.ts), with `dist/renderer` and `dist/models` in it. */
  readonly app: string;
  readonly home: string;
  readonly demo: boolean;
  readonly secretInFile: boolean;
  readonly footage: string | null;
  readonly log: CoreOptions['log'];
}

export interface LaunchedElectron {
  readonly pid: number | undefined;
  /** Resolves when it ends for any reason, with its exit code (null: ended by a signal). */
  readonly ended: Promise<number | null>;
  close(): Promise<void>;
}

const LogLine = z.looseObject({ level: z.enum(['debug', 'info', 'warn', 'error']), message: z.string() });
const KILL_AFTER = 10_000;

/** Starts the Electron host in Electron's own program, and forwards its log. */
export function launchElectronHost(options: LaunchOptions): LaunchedElectron {
  const { log } = options;
  const child = spawn(
    options.program,
    [
      join(options.app, 'electron/host-electron/main.js'),
      `--home=${options.home}`,
      ...(options.demo ? ['--demo'] : []),
      ...(options.secretInFile ? ['--secret-in-file'] : []),
      ...(options.footage === null ? [] : [`--footage=${options.footage}`]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = parseLine(line);
    if (!entry) return log('debug', `electron: ${line.slice(0, 2_000)}`);
    const { level, message, time: _, ...fields } = entry;
    log(level, message, fields);
  });
  createInterface({ input: child.stderr }).on('line', (line) => log('debug', `electron: ${line.slice(0, 2_000)}`));
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      log('error', 'host: Electron could not be started', { error });
      resolve(null);
    });
    child.on('exit', (code) => resolve(code));
  });
  return {
    pid: child.pid,
    ended,
    async close() {
      const kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER);
      child.kill('SIGTERM'); // Electron quits on it, and the host stops its core first
      await ended;
      clearTimeout(kill);
    },
  };
}

function parseLine(line: string): z.infer<typeof LogLine> | null {
  try {
    return LogLine.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null; // Chromium's own output
  }
}
