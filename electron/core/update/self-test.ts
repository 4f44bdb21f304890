import type { CoreOptions } from '../interface.ts';
import { type SelfMatch, seesTheSame } from './test-face.ts';

/** After a failure it looks again, ms: models may still be loading. */
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
    /** Null: it has not found itself (yet). */
    get found(): SelfMatch | null {
      return found;
    },
    /** Looks, if it has not yet or failed a while ago. */
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
    /** It found itself, and as the build before did. */
    sees: (before: SelfMatch | null): boolean => found !== null && seesTheSame(found, before),
  };
}
