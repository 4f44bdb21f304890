import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { Problem } from '../../../sync/errors/problem.ts';

/** A dialogue at a terminal, or with piped lines: many questions, one reader. Questions are written to standard error. */
export class Prompt {
  readonly #reader: Interface;
  readonly #terminal = process.stdin.isTTY === true;
  readonly #lines: string[] = [];
  #waiting: ((line: string | null) => void) | null = null;
  #ended = false;
  #hidden = false;

  constructor() {
    // The reader echoes what is typed through this stream, so that secrets can be hidden.
    const output = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#hidden) process.stderr.write(chunk);
        done();
      },
    });
    this.#reader = createInterface({ input: process.stdin, ...(this.#terminal && { output, terminal: true }) });
    this.#reader.on('line', (line) => {
      if (!this.#waiting) this.#lines.push(line);
      else this.#answer(line);
    });
    this.#reader.on('close', () => {
      this.#ended = true;
      this.#answer(null);
    });
    this.#reader.on('SIGINT', () => this.#reader.close());
  }

  say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** @param hidden don't show it while it is typed. @throws Problem `no-answer` */
  async ask(question: string, hidden = false): Promise<string> {
    if (this.#terminal && !hidden) {
      // The reader redraws the line during editing, so it has to write the question too.
      this.#reader.setPrompt(question);
      this.#reader.prompt();
    } else process.stderr.write(question);
    this.#hidden = hidden;
    const line =
      this.#lines.shift() ??
      (this.#ended ? null : await new Promise<string | null>((resolve) => (this.#waiting = resolve)));
    this.#hidden = false;
    if (hidden || !this.#terminal) process.stderr.write('\n');
    if (line === null) throw new Problem('no-answer', { question: question.trim() });
    return line.trim();
  }

  close(): void {
    this.#reader.close();
  }

  #answer(line: string | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(line);
  }
}
