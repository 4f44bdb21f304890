import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeFileAtomic } from '../keys/files.ts';

/**
 * The high-water mark beside the store, `highwater.json`: how far the store had come. A store that is behind it was
 * restored or rolled back, and opens a new epoch, so that no sequence number is used for two events.
 *
 * What it finds: a store file put back from any copy made before the last open or clean close, or more than EVERY
 * events ago; a lost or foreign mark counts as found. What it can't find offline: the whole folder rolled back, mark
 * included, and, after a crash, a copy younger than EVERY events within the same run. The server finds both by epoch and
 * its own mark; offline only a TPM counter could. The mark is never ahead of what is durable in the store: it is
 * written after the commit.
 */
const Mark = z.strictObject({
  store: z.uuid(),
  epoch: z.uuid(),
  /** Number of the newest event, over all epochs. */
  last: z.number().int().nonnegative(),
  /** How often the store was opened. */
  opens: z.number().int().nonnegative(),
});
export type Mark = z.infer<typeof Mark>;

/** Events between two marks. */
export const EVERY = 16;

const file = (home: string): string => join(home, 'highwater.json');

/** The mark, or null when there is none that can be read. */
export function readMark(home: string): Mark | null {
  const bytes = readIfThere(file(home));
  if (!bytes) return null;
  try {
    return Mark.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null; // a torn mark means the same as none: begin a new epoch
  }
}

/** Fixed, so that a mark is overwritten in place by one write: a check-in can't wait for a rename's flush. */
const LENGTH = 256;

/** Writes marks while a store is open. */
export class MarkWriter {
  readonly #handle: number;

  /** Makes the file where there is none; what it says is kept until the first `write`. */
  constructor(home: string) {
    const path = file(home);
    if (!readIfThere(path)) writeFileAtomic(path, '\n');
    this.#handle = openSync(path, 'r+');
  }

  /**
   * @param durable false on the hot path: a power cut then brings an older mark back, which only finds less; one that
   *   is torn counts as none and begins a new epoch
   */
  write(mark: Mark, durable: boolean): void {
    const text = `${JSON.stringify(mark).padEnd(LENGTH - 1)}\n`;
    writeSync(this.#handle, text, 0);
    if (durable) fsyncSync(this.#handle);
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/** Why the store must open a new epoch, or null. */
export function epochVerdict(mark: Mark | null, own: Mark): 'no-mark' | 'another-store' | 'rolled-back' | null {
  if (!mark) return 'no-mark';
  if (mark.store !== own.store) return 'another-store';
  if (mark.last > own.last || mark.opens > own.opens) return 'rolled-back';
  // The epoch in the mark is one that this file never opened: it was opened after the copy was made.
  if (mark.epoch !== own.epoch && mark.opens >= own.opens) return 'rolled-back';
  return null;
}
