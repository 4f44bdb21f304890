import { Problem } from '../../errors/problem.ts';
import type { UpdateSource } from './source.ts';

export interface Pace {
  /** Length of a window, ms. Reading ends after a window with fewer bytes than `bytesPerSecond` allows. */
  readonly windowMs: number;
  readonly bytesPerSecond: number;
  /** Maximum time for one file, ms: `metadataMs` for metadata, `targetMs` for a target. */
  readonly metadataMs: number;
  readonly targetMs: number;
}

/** 2 KiB/s over half a minute: slow enough for a poor mobile connection, too fast for a source that stalls on purpose. */
export const PACE: Pace = { windowMs: 30_000, bytesPerSecond: 2048, metadataMs: 120_000, targetMs: 12 * 3600_000 };

export interface Reading {
  /** First byte to read. */
  readonly from: number;
  /** Maximum size of the whole file, bytes. Reading ends at the first byte beyond it. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  /** The caller's signal, to abort. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a source's file with limits on size and time, even if the source never answers or ignores its signal.
 *
 * @param onBegin called with the offset of the first byte before any bytes arrive
 * @param take receives one piece after another; the next is requested once it has resolved
 * @returns false if there is no such file
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
  // Handled where it is raced. It may reject while nothing is waiting for it.
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
    // Not awaited: a source that hangs would block us.
    pieces?.return?.()?.catch(() => undefined);
  }
}
