import { Problem } from '../../errors/problem.ts';
import type { UpdateSource } from './source.ts';

export interface Pace {
  /** A window of this length in which fewer bytes came than `bytesPerSecond` allows ends the reading, ms. */
  readonly windowMs: number;
  readonly bytesPerSecond: number;
  /** Longest that one file may take in all, ms. Of metadata; a target's is `targetMs`. */
  readonly metadataMs: number;
  readonly targetMs: number;
}

/** 2 KiB/s over half a minute: a poor mobile line passes, a source that drips does not. */
export const PACE: Pace = { windowMs: 30_000, bytesPerSecond: 2048, metadataMs: 120_000, targetMs: 12 * 3600_000 };

export interface Reading {
  /** First byte wanted. */
  readonly from: number;
  /** Most bytes that the whole file may have; one more ends the reading. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  /** The caller's, to abort. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file of a source, bounded in size and time, whatever the source does: also one that never answers, or that does
 * not hear its signal.
 *
 * @param onBegin is called with where the bytes begin, before the first
 * @param take is given piece after piece; the next is asked for once it has resolved
 * @returns false: there is no such file
 * @throws Problem `update-slow`, `update-too-large`, `update-given-up`, those of the source
 */
export async function readPaced(
  source: UpdateSource,
  path: string,
  { from, maxBytes, deadlineMs, signal }: Reading,
  pace: Pace,
  onBegin: (from: number) => Promise<void> | void,
  take: (piece: Uint8Array) => Promise<void> | void,
): Promise<boolean> {
  const control = new AbortController();
  let inWindow = 0;
  const slow = (why: string) => control.abort(new Problem('update-slow', { name: source.name, path, reason: why }));
  const enough = Math.ceil((pace.bytesPerSecond * pace.windowMs) / 1000);
  const windows = setInterval(() => {
    if (inWindow < enough) slow(`${inWindow} bytes in ${pace.windowMs / 1000} s`);
    inWindow = 0;
  }, pace.windowMs);
  const deadline = setTimeout(() => slow(`over ${deadlineMs / 1000} s in all`), deadlineMs);
  const stop = () => control.abort(new Problem('update-given-up'));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const givenUp = new Promise<never>((_, reject) => {
    if (control.signal.aborted) reject(control.signal.reason);
    control.signal.addEventListener('abort', () => reject(control.signal.reason), { once: true });
  });
  // Looked at where it is raced; nobody may wait for it at the moment when it comes.
  givenUp.catch(() => undefined);
  const orGivenUp = <T>(work: Promise<T>): Promise<T> => Promise.race([work, givenUp]);
  let pieces: AsyncIterator<Uint8Array> | null = null;
  let finished = false;
  try {
    const opened = await orGivenUp(source.open(path, { from, signal: control.signal }));
    if (!opened) return false;
    pieces = opened.bytes[Symbol.asyncIterator]();
    await onBegin(opened.from);
    let left = maxBytes - opened.from;
    for (;;) {
      const { done, value } = await orGivenUp(pieces.next());
      if (done) {
        finished = true;
        return true;
      }
      inWindow += value.length;
      left -= value.length;
      if (left < 0) throw new Problem('update-too-large', { name: source.name, path });
      await take(value);
    }
  } catch (cause) {
    throw control.signal.aborted ? control.signal.reason : cause;
  } finally {
    clearInterval(windows);
    clearTimeout(deadline);
    signal?.removeEventListener('abort', stop);
    if (!finished) control.abort();
    // Not waited for: a source that hangs would hold us with it.
    pieces?.return?.()?.catch(() => undefined);
  }
}
