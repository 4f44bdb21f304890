/** Failed challenges after which a face is not accepted for a while; number and PIN still work. */
export const LIVENESS_TRIES = 3;
/** How long failures count, and how long the face is then not accepted, ms. */
export const LIVENESS_REST_MS = 5 * 60_000;

/**
 * Counts each recognised person's failed challenges across visits. Stepping away and back must not buy new attempts, because
 * recorded footage matches a challenge by chance now and then. Kept in memory only.
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
