import { createInterface } from 'node:readline';
import { Problem } from '../../../sync/errors/problem.ts';

/**
 * Asks before something that can't be taken back.
 *
 * @param yes it was said on the command line already
 * @throws Problem `confirmation-needed`, `not-confirmed`
 */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new Problem('confirmation-missing', { question });
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    reader.once('close', () => resolve(''));
    reader.question(`${question} [y/N] `, resolve);
  });
  reader.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Problem('not-confirmed');
}
