import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Problem } from '../../sync/errors/problem.ts';

const STAFF_PIN = { secret: 'a staff PIN', instead: 'Set SMARTPRESENCE_STAFF_PIN.' };

/**
 * Asks for a secret on the terminal without showing it.
 *
 * @param what is asked for, and how it is given where there is nobody to ask
 * @throws Problem `no-terminal` when there is nobody to ask
 */
export async function password(
  question: string,
  what: { readonly secret: string; readonly instead: string } = STAFF_PIN,
): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new Problem('no-terminal', { secret: what.secret, instead: what.instead });
  }
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  const answer = await new Promise<string>((resolve) => reader.question('', resolve));
  reader.close();
  process.stderr.write('\n');
  return answer;
}
