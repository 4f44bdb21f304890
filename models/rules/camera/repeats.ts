/** What is stored of a camera's frame. No picture can be made from it. */
export interface Fingerprint {
  /** Milliseconds on one clock. */
  readonly at: number;
  /** Hash of every pixel's brightness at full size, 0 … 2⁵³. Practically only equal for equal frames. */
  readonly hash: number;
  /** Mean and standard deviation of the brightness, 0..255. */
  readonly mean: number;
  readonly deviation: number;
}

/** Number of frames remembered. At one per second, loops of up to two hours are found. */
const REMEMBERED = 8_192;
/** Minimum interval of a repeat, ms: drivers with several buffers occasionally deliver an old frame again. */
const APART_MS = 2_000;
/** With this many repeats within WINDOW_MS, the camera counts as repeating frames. */
const REPEATS = 3;
const WINDOW_MS = 600_000;
/** Dark, overexposed and plain frames don't count: where a sensor clips, there is no noise. */
const SHOWS = { darkest: 24, brightest: 232, deviation: 6 } as const;

/** Returns whether a frame shows enough for a sensor's noise to make it unique. */
export const showsNoise = ({ mean, deviation }: Pick<Fingerprint, 'mean' | 'deviation'>): boolean =>
  mean >= SHOWS.darkest && mean <= SHOWS.brightest && deviation >= SHOWS.deviation;

/**
 * Watches a camera's frames, about one per second. A sensor's noise makes every frame unique: identical frames with others in
 * between must come from a recording. A driver that delivers its last frame again repeatedly doesn't count, because there is no
 * other frame in between.
 *
 * @returns a function that takes each frame in order of time, and returns whether frames were repeated in the last ten minutes
 */
export function watchRepeats(): (frame: Fingerprint) => boolean {
  const seen = new Map<number, number>();
  let last: number | null = null;
  let repeats: number[] = [];
  return (frame) => {
    const { at, hash } = frame;
    if (hash !== last && showsNoise(frame)) {
      const before = seen.get(hash);
      if (before !== undefined && at - before >= APART_MS) repeats.push(at);
      seen.delete(hash);
      seen.set(hash, at); // ordered by when each was last seen
      if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
    }
    last = hash;
    repeats = repeats.filter((then) => at - then < WINDOW_MS).slice(-REPEATS);
    return repeats.length >= REPEATS;
  };
}
