import type { Problem } from '../../../sync/errors/problem.ts';
import { isFinalError } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';
import { type Asked, keyOf, REFUSED, readRefused } from './records.ts';
import { isBusy, retryAfter, retryBusyAfter } from './rules.ts';

export interface FailureDeps {
  readonly store: {
    readonly settings: Pick<Store['settings'], 'get'>;
    readonly events: Pick<Store['events'], 'reportIfSpace'>;
  };
  readonly running: string;
  readonly monotonic: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: CoreOptions['log'];
}

/** Requests that failed. Each reason is reported once, and failures that may be temporary are retried, later each time. */
export function createFailures({ store, running, monotonic, random, log }: FailureDeps) {
  let problem: Problem | null = null;
  let key = '';
  let count = 0;
  let retryAt = 0;
  return {
    /** Why the newest request failed; null if it did not. */
    get problem() {
      return problem;
    },
    /** Returns whether it waits, for a retry or for ever. */
    waits: (asked: Asked): boolean => keyOf(asked) === key && monotonic() < retryAt,
    clear() {
      problem = null;
      key = '';
    },
    /** @param report false if the caller receives the error directly */
    refuse(asked: Asked, why: Problem, report: boolean): void {
      const before = keyOf(asked) === key ? count : 0;
      key = keyOf(asked);
      problem = why;
      if (isBusy(why.code)) {
        count = before;
        retryAt = monotonic() + retryBusyAfter(random());
        return;
      }
      count = before + 1;
      retryAt = isFinalError(why.code) ? Number.POSITIVE_INFINITY : monotonic() + retryAfter(count);
      if (!report) return;
      const known = readRefused(store);
      if (known?.key === key && known.code === why.code) return;
      log('warn', 'update: refused', { code: why.code, problem: why.message, nextStep: why.nextStep });
      const { version, action, rollout } = asked;
      store.events.reportIfSpace(
        'update-refused',
        {
          version,
          from: running,
          action,
          retry: asked.retry,
          ...(rollout && { rollout }),
          reason: why.code,
          message: why.message.slice(0, 200),
        },
        { [REFUSED]: JSON.stringify({ key, code: why.code }) },
      );
    },
  };
}
