import type { Framing } from '../config.ts';

/** Longest read, bytes: even a scanned code is shorter. Anything longer is noise. */
export const MAX_FRAME = 400;
/** A pause this long ends the current read, ms. */
export const PAUSE_MS = 100;

/** Cuts a stream of bytes into reads. Keeps at most one unfinished read. */
export function createFramer(framing: Framing) {
  const ends = framing.kind === 'delimiter' ? Buffer.from(framing.delimiter, 'latin1') : null;
  let held: number[] = [];
  /** `in`: inside a read (without a start byte, always); `skipping`: dropping one that grew too long. */
  let state: 'between' | 'in' | 'skipping' = framing.kind === 'stx-etx' ? 'between' : 'in';
  let damaged = 0;

  function begin(): void {
    held = [];
    state = framing.kind === 'stx-etx' ? 'between' : 'in';
  }

  function take(): Uint8Array {
    const frame = Uint8Array.from(held);
    begin();
    return frame;
  }

  function giveUp(next: typeof state): void {
    damaged++;
    held = [];
    state = next;
  }

  const endsHere = (tail: Buffer): boolean =>
    held.length >= tail.length && tail.every((byte, i) => held[held.length - tail.length + i] === byte);

  /** Takes one byte of a read that ends with a delimiter. */
  function delimited(byte: number, tail: Buffer, out: Uint8Array[]): void {
    held.push(byte);
    if (endsHere(tail)) {
      const skipped = state === 'skipping';
      held.length -= tail.length;
      const frame = take();
      if (!skipped && frame.length > 0) out.push(frame);
    } else if (state === 'skipping') {
      // Keep only as much as may be the beginning of the delimiter.
      held = held.slice(-tail.length);
    } else if (held.length > MAX_FRAME + tail.length) giveUp('skipping');
  }

  function enclosed(byte: number, { start, end }: { start: number; end: number }, out: Uint8Array[]): void {
    if (state === 'in' && byte === end) {
      const frame = take();
      if (frame.length > 0) out.push(frame);
    } else if (byte === start) {
      if (state === 'in') damaged++; // cut off by the next read
      held = [];
      state = 'in';
    } else if (state === 'in') {
      held.push(byte);
      if (held.length > MAX_FRAME) giveUp('between');
    }
  }

  return {
    /** @returns the reads that these bytes complete */
    push(bytes: Uint8Array): Uint8Array[] {
      const out: Uint8Array[] = [];
      for (const byte of bytes) {
        if (ends) delimited(byte, ends, out);
        else if (framing.kind === 'stx-etx') enclosed(byte, framing, out);
        else if (state !== 'skipping') {
          held.push(byte);
          if (framing.kind === 'length' && held.length === framing.bytes) out.push(take());
          else if (held.length > MAX_FRAME) giveUp('skipping');
        }
      }
      return out;
    },
    /** Called when nothing arrived for `PAUSE_MS`: what is unfinished is a complete read, or damaged. */
    pause(): Uint8Array[] {
      // A slow reader may send a delimiter or an end byte late. The fixed length and the pause itself allow no pause.
      if (framing.kind === 'delimiter' || framing.kind === 'stx-etx') return [];
      if (state === 'skipping' || held.length === 0) {
        begin();
        return [];
      }
      if (framing.kind === 'pause') return [take()];
      damaged++;
      begin();
      return [];
    },
    /** For a new connection: discards what was unfinished. */
    reset: begin,
    /** Number of discarded reads so far: too long, cut off, or bytes outside any read. */
    get damaged(): number {
      return damaged;
    },
  };
}
