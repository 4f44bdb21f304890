import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = [process.execPath, join(import.meta.dirname, '../../sync/server/main.ts')];

/** A server in its own process that has reported that it is ready. */
export interface ServerProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly peopleUrl: string;
  readonly deviceUrl: string;
  readonly adminLink: string;
  readonly operationsPort: number;
  /** Everything it has logged so far. */
  log(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly log: string }>;
  /** Ends it unless it has ended, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server and waits until it is ready.
 * @param env added to the environment of this process
 * @param command starts the server
 * @throws Error with its log if it ends before it is ready
 */
export async function newServerProcess(
  env: NodeJS.ProcessEnv,
  [program, ...args]: readonly string[] = MAIN,
): Promise<ServerProcess> {
  const child = spawn(program!, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, log }));
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => Promise.reject(new Error(`the server did not start: ${log}`))),
  ]);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return { child, ...JSON.parse(line), log: () => log, ended, stop, [Symbol.asyncDispose]: () => stop('SIGKILL') };
}
