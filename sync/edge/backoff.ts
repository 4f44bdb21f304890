/** First and longest pause between attempts, ms. */
const FIRST_PAUSE_MS = 500;
export const LONGEST_PAUSE_MS = 60_000;

/**
 * Returns the pause before the next attempt: exponential with full jitter, so that a site's kiosks don't all reconnect at once
 * after an outage (Brooker, "Exponential Backoff and Jitter", AWS 2015). The minimum of a quarter keeps a low random value from
 * causing rapid retries.
 *
 * @param failures failures in a row, 1 for the first
 * @param random 0 ≤ random < 1
 * @returns milliseconds
 */
export function pauseAfter(
  failures: number,
  random: number,
  first = FIRST_PAUSE_MS,
  longest = LONGEST_PAUSE_MS,
): number {
  const ceiling = Math.min(longest, first * 2 ** Math.min(failures - 1, 20));
  return Math.round(ceiling * (0.25 + 0.75 * random));
}

/** Time and randomness, so that tests can control them. */
export interface Runtime {
  /** Milliseconds since 1970, for `sentAt`. */
  now(): number;
  /** Calls `wake` after `ms`; returns a function that cancels it. */
  after(ms: number, wake: () => void): () => void;
  random(): number;
}

export const REAL: Runtime = {
  now: Date.now,
  after: (ms, wake) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
