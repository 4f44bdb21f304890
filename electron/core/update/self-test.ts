import type { CoreOptions } from '../interface.ts';
import { type SelfMatch, seesTheSame } from './test-face.ts';

/** Pause before a retry after a failure, ms: models may still be loading. */
const RETRY_MS = 10_000;

/** Runs the self-test on the kiosk's own picture when requested. */
export function createSelfTest(
  recognise: () => Promise<SelfMatch | null>,
  monotonic: () => number,
  log: CoreOptions['log'],
) {
  let found: SelfMatch | null = null;
  let running = false;
  let ranAt: number | null = null;
  return {
    /** Null if the self-test has not succeeded (yet). */
    get found(): SelfMatch | null {
      return found;
    },
    /** Runs the self-test, unless it has succeeded or failed only recently. */
    try(): 'running' | 'done' {
      if (running) return 'running';
      if (found || (ranAt !== null && monotonic() - ranAt < RETRY_MS)) return 'done';
      running = true;
      ranAt = monotonic();
      recognise()
        .then(
          (match) => {
            found = match;
            if (!match) log('error', 'update: the self-test did not recognise its own picture');
          },
          (error: unknown) => log('error', 'update: the self-test could not read its own picture', { error }),
        )
        .finally(() => {
          running = false;
        });
      return 'running';
    },
    /** Returns whether the self-test succeeded with the same result as in the previous build. */
    sees: (before: SelfMatch | null): boolean => found !== null && seesTheSame(found, before),
  };
}
