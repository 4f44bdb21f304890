/** Failed challenges after which faces are not accepted for a while; number and PIN still work. */
export const LIVENESS_TRIES = 3;
/** How long failures count, and how long the face then rests, ms. */
export const LIVENESS_REST_MS = 5 * 60_000;

/**
 * Counts failed challenges of each recognised person across visits: stepping away and back must not buy new tries,
 * because recorded footage fits a challenge by chance now and then. Kept in memory alone.
 */
export function countLivenessTries() {
  const failures = new Map<string, { count: number; last: number }>();
  const current = (person: string, now: number) => {
    const entry = failures.get(person);
    if (entry && Math.abs(now - entry.last) < LIVENESS_REST_MS) return entry.count;
    failures.delete(person);
    return 0;
  };
  return {
    failed: (person: string, now: number): void =>
      void failures.set(person, { count: current(person, now) + 1, last: now }),
    passed: (person: string): void => void failures.delete(person),
    exhausted: (person: string, now: number): boolean => current(person, now) >= LIVENESS_TRIES,
  };
}
