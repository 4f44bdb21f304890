import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Lockout } from '../store/interface.ts';

/** Failures that cost nothing; from the next one on each locks, twice as long every time. */
export const FREE_FAILURES = 4;
const FIRST_LOCK_MS = 30_000;
const LONGEST_LOCK_MS = 3_600_000;

/** Remaining lock in ms; 0 when an attempt may be made. */
export function lockedFor(lockout: Lockout, now: number): number {
  return Math.max(0, lockout.until - now);
}

/** State after a failed attempt: 30 s after the fifth, doubling up to an hour. */
export function afterFailure(lockout: Lockout, now: number): Lockout {
  const failures = lockout.failures + 1;
  if (failures <= FREE_FAILURES) return { failures, until: 0 };
  const lock = Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** Math.min(20, failures - FREE_FAILURES - 1));
  return { failures, until: now + lock };
}

export const NO_LOCKOUT: Lockout = { failures: 0, until: 0 };

/** The one refusal for a locked number or staff PIN; the screen counts down from `seconds`. */
export function pinLocked(ms: number): Problem {
  const seconds = Math.ceil(ms / 1000);
  return new Problem('pin-locked', `too many attempts; locked for ${seconds} s`, 'Wait, or ask the front desk.', {
    params: { seconds },
  });
}
