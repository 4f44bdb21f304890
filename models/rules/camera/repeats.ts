/** One of a camera's frames, as far as it is kept: no picture can be made from it. */
export interface Fingerprint {
  /** Milliseconds on one clock. */
  readonly at: number;
  /** Of every pixel's brightness at full size, 0 … 2⁵³: equal for equal frames only, but for chance. */
  readonly hash: number;
  /** Mean and standard deviation of the brightness, 0..255. */
  readonly mean: number;
  readonly deviation: number;
}

/** So many frames are remembered; at one a second, a loop of up to two hours is found. */
const REMEMBERED = 8_192;
/** A frame counts as repeated from here on, ms: drivers with several buffers now and then give an old one once more. */
const APART_MS = 2_000;
/** With so many repeats within WINDOW_MS, the camera counts as repeating frames. */
const REPEATS = 3;
const WINDOW_MS = 600_000;
/** Dark, overexposed and plain frames do not count: where a sensor clips, there is no noise. */
const SHOWS = { darkest: 24, brightest: 232, deviation: 6 } as const;

/** Whether a frame shows enough that a sensor's noise makes it unlike any other. */
export const showsNoise = ({ mean, deviation }: Pick<Fingerprint, 'mean' | 'deviation'>): boolean =>
  mean >= SHOWS.darkest && mean <= SHOWS.brightest && deviation >= SHOWS.deviation;

/**
 * Follows frames of a camera, about one a second. The noise of a sensor makes every frame its own: frames that are equal to
 * the bit, with others between them, are played from somewhere. A driver that gives its last frame again and again repeats
 * nothing by this: no other frame is between.
 *
 * @returns called with each frame in order of time: whether the camera repeats frames, by the last ten minutes
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
      seen.set(hash, at); // in order of when each was seen last
      if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
    }
    last = hash;
    repeats = repeats.filter((then) => at - then < WINDOW_MS).slice(-REPEATS);
    return repeats.length >= REPEATS;
  };
}
