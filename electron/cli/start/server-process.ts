import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';

const Ready = z.object({
  ready: z.literal(true),
  peopleUrl: z.string(),
  deviceUrl: z.string(),
  adminLink: z.string(),
  certificateSha256: z.string(),
});
export type ServerReady = z.infer<typeof Ready>;

export interface ServerProcess extends ServerReady {
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const MAIN = join(import.meta.dirname, '../../../sync/server/main.ts');
/** Far more than needed: a busy machine is slow, and giving up helps no one. */
const READY_MS = 120_000;
const STOP_MS = 8_000;

/**
 * Starts the local server as a separate process and waits until it is ready.
 * @throws Problem `server-start-failed`; the signal's reason if aborted before. The process is then ended.
 */
export async function startServerProcess(
  env: NodeJS.ProcessEnv,
  onLog: (line: string) => void,
  signal: AbortSignal,
): Promise<ServerProcess> {
  signal.throwIfAborted();
  // Its own process group: Ctrl-C in the terminal then only reaches us, and we stop the server after the kiosk.
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...env },
    // The channel carries no messages. When it closes, the server knows that we have ended.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const tail: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    tail.push(line);
    if (tail.length > 20) tail.shift();
    onLog(line);
  });
  try {
    return { ...(await firstLine(child, ended, signal)), ended, stop: () => stop(child, ended) };
  } catch (cause) {
    await stop(child, ended);
    signal.throwIfAborted();
    throw new Problem('server-start-failed', { output: tail.join('\n'), cause });
  }
}

function firstLine(child: ChildProcess, ended: Promise<number | null>, signal: AbortSignal): Promise<ServerReady> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('asked to end')), { once: true });
    const timer = setTimeout(() => reject(new Error('not ready in time')), READY_MS);
    void ended.then((code) => reject(new Error(`ended with ${code}`)));
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      try {
        resolve(Ready.parse(JSON.parse(line)));
      } catch (cause) {
        reject(cause);
      }
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  // The server listens for the end of the channel, which alone would keep its process running after everything is closed.
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
