import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';
import type { PreparedKiosk, PrepareOptions } from './prepare-kiosk.ts';

export type PrepareAnswer =
  | { readonly prepared: PreparedKiosk }
  | {
      readonly problem: { readonly code: string; readonly message: string; readonly nextStep: string } | null;
      readonly stack: string;
    };

/**
 * prepareKiosk in a process of its own. Making the server's database is one long computation, on a busy machine of more
 * than 20 s, in which a process hears no signal; this one has to hear them.
 * @throws Problem of prepareKiosk
 */
export async function prepareInProcess(options: PrepareOptions): Promise<PreparedKiosk> {
  const child = fork(join(import.meta.dirname, 'prepare-child.ts'), [], {
    serialization: 'advanced', // the device secret is bytes
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true, // Ctrl-C reaches us alone, and we end it
  });
  const answer = await new Promise<PrepareAnswer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as PrepareAnswer));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the preparation ended with ${code ?? signal}`)));
    child.send(options, (error) => error && reject(error));
  });
  if ('prepared' in answer) return answer.prepared;
  const { problem, stack } = answer;
  throw problem ? Problem.from(problem) : new Error(stack);
}
