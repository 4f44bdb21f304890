import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Problem } from '../../sync/errors/problem.ts';

/**
 * Asks for one line at the terminal, or reads the first line of standard input. For values that must not be arguments,
 * which every process can read.
 *
 * @throws Problem `no-answer`
 */
export async function ask(question: string): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  const reader = createInterface({ input: process.stdin, ...(terminal && { output: process.stderr }) });
  try {
    const answer = await new Promise<string>((resolve) => {
      reader.once('close', () => resolve(''));
      if (terminal) reader.question(question, resolve);
      else reader.once('line', resolve);
    });
    if (answer.trim() === '') throw new Problem('no-answer', { question: question.trim() });
    return answer.trim();
  } finally {
    reader.close();
  }
}

const STAFF_PIN = { secret: 'a staff PIN', instead: 'Set SMARTPRESENCE_STAFF_PIN.' };

/**
 * Asks for a secret on the terminal without showing it.
 *
 * @param what what is asked for, and how to provide it without a terminal
 * @throws Problem `no-terminal` if there is no terminal
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
