/** First and longest pause between attempts, ms. */
const FIRST_PAUSE_MS = 500;
export const LONGEST_PAUSE_MS = 60_000;

/**
 * Pause before the next attempt: exponential with full jitter, so that a site's kiosks don't come back all at once after
 * an outage (Brooker, "Exponential Backoff and Jitter", AWS 2015). The floor of a quarter keeps a lucky draw from hammering.
 *
 * @param failures failures in a row, 1 for the first
 * @param random 0 ≤ random < 1
 * @returns milliseconds
 */
export function pauseAfter(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(ceiling * (0.25 + 0.75 * random));
}
