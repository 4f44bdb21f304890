import { createInterface } from 'node:readline';
import { Problem } from '../../sync/errors/problem.ts';

/**
 * One line from the person at the terminal, or the first line of standard input. For what must not be an argument,
 * since every process can read those.
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
