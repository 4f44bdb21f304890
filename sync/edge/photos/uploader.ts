import { type ErrorCode, Problem } from '../../errors/problem.ts';
import { MAX_PHOTO_BYTES, MAX_PIECE_BYTES, type PhotoState } from '../../protocol/wire/photos.ts';
import { LONGEST_PAUSE_MS, pauseAfter, REAL, type Runtime } from '../backoff.ts';

/** Storage of the photos to upload. Writes are durable when they return. */
export interface PhotoSource {
  /** Address of the oldest photo whose event the server has, excluding `except`; null when none is waiting. */
  next(except: ReadonlySet<string>): string | null;
  /** Whether it is still waiting: it may have been purged, or its person erased. */
  isWaiting(address: string): boolean;
  /** Returns the ciphertext after checking its address. @throws Problem `photo-missing`, `photo-altered` */
  read(address: string): Promise<Uint8Array>;
  /** Marks a photo as finished. @param taken false: it will never be accepted */
  done(address: string, taken: boolean): void;
}

/** Sends photos to the server. Each call returns how much of the photo has arrived. */
export interface PhotoCarrier {
  state(address: string, signal: AbortSignal): Promise<PhotoState>;
  put(
    address: string,
    place: { offset: number; total: number },
    piece: Uint8Array,
    signal: AbortSignal,
  ): Promise<PhotoState>;
  close(): void;
}

export interface PhotoUploaderOptions extends Partial<Pick<Runtime, 'after' | 'random'>> {
  readonly source: PhotoSource;
  readonly carrier: PhotoCarrier;
  readonly onProblem?: (problem: Problem) => void;
}

/** Codes with which the server rejects a photo permanently. */
const UNWANTED = new Set<ErrorCode>(['photo-unexpected', 'photo-too-large']);
/** Permanent faults of the local file. */
const UNUSABLE = new Set<ErrorCode>(['photo-missing', 'photo-altered']);
/** After this many failures of its own, a photo is set aside until the others are sent. */
const PATIENCE = 3;
/** Maximum number of photos set aside at a time. */
const MOST_ASIDE = 100;
/** Timeout of one whole request, ms. */
const REQUEST_MS = 60_000;

/**
 * Sends photos one by one, oldest first, in pieces, continuing where the server left off: a lost connection costs one piece.
 * Holds one photo in memory. Pauses when there is nothing to send, and longer after each failure.
 */
export class PhotoUploader {
  readonly #o: Required<PhotoUploaderOptions>;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #cancelPause: (() => void) | null = null;
  #failures = 0;
  /** Consecutive rejections of each photo, and the photos set aside until the others are sent. */
  readonly #refused = new Map<string, number>();
  readonly #aside = new Set<string>();

  constructor(options: PhotoUploaderOptions) {
    this.#o = { ...REAL, onProblem: () => undefined, ...options };
  }

  /** Starts sending if idle, because an event was committed. Does nothing during a pause after a failure. */
  nudge(): void {
    if (this.#cancelPause || this.#abort.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelPause?.();
    await this.#running;
    this.#o.carrier.close();
  }

  async #run(): Promise<void> {
    let address: string | null = null;
    try {
      for (;;) {
        address = this.#o.source.next(this.#aside);
        if (address === null || this.#abort.signal.aborted) break;
        await this.#send(address);
        this.#refused.delete(address);
        this.#failures = 0;
      }
      if (this.#abort.signal.aborted || this.#aside.size === 0) return;
      // All other photos are sent. Those set aside are tried again later.
      this.#aside.clear();
      this.#rest(LONGEST_PAUSE_MS);
    } catch (cause) {
      if (this.#abort.signal.aborted) return;
      const problem = asProblem(cause);
      this.#o.onProblem(problem);
      if (address !== null && problem.code.startsWith('photo-')) this.#blame(address);
      this.#failures += 1;
      this.#rest(pauseAfter(this.#failures, this.#o.random()));
    }
  }

  #blame(address: string): void {
    const times = (this.#refused.get(address) ?? 0) + 1;
    this.#refused.set(address, times);
    if (times < PATIENCE) return;
    if (this.#aside.size >= MOST_ASIDE) {
      this.#aside.clear();
      this.#refused.clear();
    } else this.#aside.add(address);
  }

  #rest(ms: number): void {
    const cancel = this.#o.after(ms, () => {
      this.#cancelPause = null;
      this.nudge();
    });
    this.#cancelPause = () => {
      cancel();
      this.#cancelPause = null;
    };
  }

  async #send(address: string): Promise<void> {
    const { source } = this.#o;
    let read = false;
    try {
      const photo = await source.read(address);
      read = true;
      if (photo.length > MAX_PHOTO_BYTES) throw new Problem('photo-too-large');
      const taken = await this.#pieces(address, photo);
      if (taken) source.done(address, true);
    } catch (cause) {
      const problem = asProblem(cause);
      // Purged or erased while it was being read or sent: nothing is lost or to be reported.
      if (!source.isWaiting(address)) return;
      // From the server, `photo-altered` means that the bytes it received were wrong. It has deleted them, so we send again.
      if (!(read ? UNWANTED : UNUSABLE).has(problem.code)) throw problem;
      this.#o.onProblem(problem);
      source.done(address, false);
    }
  }

  /** @returns false if it was purged in the meantime */
  async #pieces(address: string, photo: Uint8Array): Promise<boolean> {
    const { source, carrier } = this.#o;
    let state = await carrier.state(address, this.#signal());
    // Each answer must show progress. At worst, each piece is answered once with an older state.
    for (let left = 2 * Math.ceil(photo.length / MAX_PIECE_BYTES) + 2; !state.complete; left--) {
      if (!source.isWaiting(address)) return false;
      if (left === 0 || state.received >= photo.length) throw new Problem('photo-not-taken');
      const place = { offset: state.received, total: photo.length };
      const piece = photo.subarray(place.offset, place.offset + MAX_PIECE_BYTES);
      state = await carrier.put(address, place, piece, this.#signal());
    }
    return true;
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#abort.signal, AbortSignal.timeout(REQUEST_MS)]);
  }
}

function asProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  return new Problem('photo-failed', { cause });
}
