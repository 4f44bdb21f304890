import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Problem } from '../../sync/protocol/wire/problem.ts';

/** Asks for a secret on the terminal without showing it. @throws Problem `no-terminal` when there is nobody to ask */
export async function password(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new Problem(
      'no-terminal',
      'a staff PIN is needed, and there is no terminal to ask on',
      'Set SMARTPRESENCE_STAFF_PIN.',
    );
  }
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  const answer = await new Promise<string>((resolve) => reader.question('', resolve));
  reader.close();
  process.stderr.write('\n');
  return answer;
}
