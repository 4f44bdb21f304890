import { Problem } from '../../errors/problem.ts';
import { MAX_PICTURE_BYTES } from '../../protocol/wire/farewell.ts';

/** A watch ends this long after its last request, ms, because a closed page doesn't say that it is closed. */
export const ABSENT_MS = 30_000;
/** Longest watch, ms. After that it has to be requested again, which adds another audit row. */
export const LONGEST_WATCH_MS = 15 * 60_000;
/** Shortest time between two pictures, ms. A kiosk sends at most two per second, but they may arrive closer together. */
export const PACE_MS = 250;
/** Longest side of a picture, pixels: even a small file may contain a picture too large for a browser's memory. */
const MAX_SIDE = 2000;

interface Picture {
  readonly number: number;
  readonly at: Date;
  readonly jpeg: Uint8Array;
}

interface Watch {
  readonly command: string;
  readonly by: string;
  readonly until: number;
  askedAt: number;
  picture: Picture | null;
}

/**
 * The kiosk screens being watched: the newest picture of each, only in this process's memory. A kiosk has at most one watch;
 * a later one replaces it. A watch that has ended is dropped with its picture.
 */
export class WatchedScreens {
  readonly #watches = new Map<string, Watch>();

  /** Starts a watch. @param o the command sent to the kiosk, and the account that watches */
  begin(device: string, { command, by }: Pick<Watch, 'command' | 'by'>, now: Date): void {
    const at = now.getTime();
    this.#watches.set(device, { command, by, until: at + LONGEST_WATCH_MS, askedAt: at, picture: null });
  }

  /**
   * Returns the newest picture to the account that started the watch, and keeps the watch alive.
   * @throws Problem `command-unknown` if it has ended or is someone else's
   */
  show(device: string, asked: Pick<Watch, 'command' | 'by'>, after: number, now: Date) {
    this.sweep(now);
    const watch = this.#of(device, asked);
    watch.askedAt = now.getTime();
    const { number, at, jpeg } = watch.picture ?? { number: 0, at: null, jpeg: null };
    return { sequence: number, at, picture: jpeg && number > after ? Buffer.from(jpeg).toString('base64') : null };
  }

  /** Ends a watch. @throws Problem `command-unknown`, as `show` */
  end(device: string, asked: Pick<Watch, 'command' | 'by'>): void {
    this.#of(device, asked);
    this.#watches.delete(device);
  }

  #of(device: string, { command, by }: Pick<Watch, 'command' | 'by'>): Watch {
    const watch = this.#watches.get(device);
    if (watch?.command !== command || watch.by !== by) throw new Problem('command-unknown');
    return watch;
  }

  /** Whether someone is watching this device with this command. */
  isWatched(device: string, command: string, now: Date): boolean {
    this.sweep(now);
    return this.#watches.get(device)?.command === command;
  }

  /** Stores a picture of a watched screen. @throws Problem `screen-malformed`, `too-many-requests` */
  take(device: string, jpeg: Uint8Array, now: Date): void {
    const watch = this.#watches.get(device)!;
    const before = watch.picture;
    if (before && now.getTime() - before.at.getTime() < PACE_MS) throw new Problem('too-many-requests');
    const size = jpeg.length > MAX_PICTURE_BYTES ? null : jpegSize(jpeg);
    if (size === null || Math.max(...size) > MAX_SIDE) throw new Problem('screen-malformed');
    watch.picture = { number: (before?.number ?? 0) + 1, at: now, jpeg };
  }

  /** Drops watches that have ended. */
  sweep(now: Date): void {
    const at = now.getTime();
    for (const [device, { until, askedAt }] of this.#watches)
      if (at >= until || at - askedAt >= ABSENT_MS) this.#watches.delete(device);
  }

  /** Starts sweeping regularly. @returns a function that stops it */
  follow(now: () => Date): () => Promise<void> {
    const timer = setInterval(() => this.sweep(now()), ABSENT_MS / 3).unref();
    return async () => clearInterval(timer);
  }
}

/** Reads the size of a JPEG from its frame header (ITU-T T.81, B.2.2). Null if it isn't a JPEG. Pure. */
export function jpegSize(bytes: Uint8Array): [width: number, height: number] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    const [lead, marker] = [bytes[at]!, bytes[at + 1]!];
    if (lead !== 0xff) return null;
    // C4, C8 and CC are not frames. Only tables precede a frame.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return null;
}
