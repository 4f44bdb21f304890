import { Presets, SingleBar } from 'cli-progress';
import type { CommandOutput } from '../core/command.ts';

/** Prints a command's answer as JSON or text. @param text the text, or a function that returns it */
export function print<T>(json: boolean | undefined, value: T, text: string | ((value: T) => string)): void {
  const said = json ? JSON.stringify(value) : printable(typeof text === 'string' ? text : text(value));
  process.stdout.write(`${said}\n`);
}

/** Prints one line per item. @param none printed if there are none */
export function printEach<T>(
  json: boolean | undefined,
  items: readonly T[],
  line: (item: T) => string,
  none = '',
): void {
  for (const item of items) print(json, item, line(item));
  if (items.length === 0 && none && !json) process.stdout.write(`${none}\n`);
}

/**
 * Output of a longer command: lines on standard output (JSON, or text made by `sentence`). Progress goes to standard error: a
 * bar if it is a terminal, else a line for every tenth of the way.
 */
export function terminalOutput(
  json: boolean,
  sentence: (value: unknown) => string | null,
): CommandOutput & { end(): void } {
  let bar: SingleBar | null = null;
  let lastTenth = 0;
  return {
    line(value) {
      const text = json ? JSON.stringify(value) : sentence(value);
      if (text !== null) process.stdout.write(`${json ? text : printable(text)}\n`);
    },
    progress(done, total, what) {
      if (process.stderr.isTTY) {
        bar ??= startBar(total, what);
        bar.setTotal(total);
        bar.update(done);
        return;
      }
      const tenth = Math.floor((done / Math.max(1, total)) * 10);
      if (tenth > lastTenth && total >= 20) process.stderr.write(`${done} of ${total} ${what}\n`);
      lastTenth = tenth;
    },
    end() {
      bar?.stop();
    },
  };
}

/**
 * Runs longer work, shows its progress, and then prints the result as JSON or as `text` formats it.
 * @returns the result
 */
export async function withProgress<T>(
  json: boolean | undefined,
  work: (progress: CommandOutput['progress']) => Promise<T>,
  text: (value: T) => string,
): Promise<T> {
  const output = terminalOutput(json ?? false, (value) => text(value as T));
  const value = await work(output.progress).finally(() => output.end());
  output.line(value);
  return value;
}

/** Formats a size, in KiB below one MiB, so that a small size is not 0. */
export const sizeText = (bytes: number): string =>
  bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

/** Replaces control characters that a terminal would obey, since files and folders can have any name. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '\u{fffd}');
}

function startBar(total: number, what: string): SingleBar {
  const bar = new SingleBar(
    { format: `{bar} {percentage}% | {value}/{total} ${what} | {eta_formatted} left`, stream: process.stderr },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return bar;
}
