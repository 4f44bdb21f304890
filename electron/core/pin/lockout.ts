import { Problem } from '../../../sync/errors/problem.ts';
import type { Lockout } from '../store/lockouts.ts';

/**
 * How wrong PINs are slowed down. Pure rules over rows that the store keeps; times are trusted time, ms since 1970.
 *
 * There are two limits: one for each secret (a number, the staff PIN at one door), and one for all numbers of the kiosk together,
 * against trying one likely PIN on many numbers. The second only pauses, for at most a minute. Faces shown with a number have
 * their own budget, so that a passer-by at the keypad pauses no face, and a person who is occasionally mistaken for another
 * pauses no PIN. Without face recognition only the PIN is left, so its pause stays at 5 s: a passer-by can then slow attendance
 * down, but not stop it.
 */

/** Failures against one secret without consequences. Each further one locks, twice as long every time. */
export const FREE_FAILURES = 4;
const FIRST_LOCK_MS = 30_000;
/** Longest lock, ms; also limits a lock that a wrong clock made seem longer. */
export const LONGEST_LOCK_MS = 3_600_000;
/** After this long without a failure or a lock, the count is reset, ms. */
export const QUIET_MS = 86_400_000;

/** Failures across all numbers without consequences, as in a queue of people who mistype. Each further one pauses. */
export const SHARED_BUDGET = 20;
/** Each time this has passed, the budget recovers one failure, ms. */
export const SHARED_RECOVERY_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
/** Longest pause for all numbers, ms. */
export const LONGEST_PAUSE_MS = 60_000;

export interface SharedBudget {
  /** Row that keeps its failures. */
  readonly row: 'every-number' | 'every-face' | 'every-badge';
  /** Its longest pause, ms. */
  readonly longestPause: number;
}

/** For wrong PINs while faces also work. */
export const PIN_BUDGET: SharedBudget = { row: 'every-number', longestPause: LONGEST_PAUSE_MS };
/** For wrong PINs when only the PIN is left: every pause stays as short as the first. */
export const ONLY_PIN_BUDGET: SharedBudget = { row: 'every-number', longestPause: FIRST_PAUSE_MS };
/** For faces that did not match the number typed. */
export const FACE_BUDGET: SharedBudget = { row: 'every-face', longestPause: LONGEST_PAUSE_MS };
/** For badges and cards that nobody has. */
export const BADGE_BUDGET: SharedBudget = { row: 'every-badge', longestPause: LONGEST_PAUSE_MS };

export const NO_LOCKOUT: Lockout = { failures: 0, until: 0, at: 0 };

/** Returns the remaining lock in ms; 0 if an attempt may be made. */
export function lockedFor(lockout: Lockout, now: number): number {
  return Math.max(0, lockout.until - now);
}

/** Returns the state after a failed attempt: 30 s after the fifth, doubling up to an hour. */
export function afterFailure(lockout: Lockout, now: number): Lockout {
  return counted(lockout.failures + 1, now, FREE_FAILURES, FIRST_LOCK_MS, LONGEST_LOCK_MS);
}

/**
 * Returns the shared budget's state after a failure with any number. First subtracts what has recovered since the last one; then
 * the first failure beyond the budget pauses for 5 s, doubling up to `longestPause`, ms.
 */
export function afterSharedFailure(shared: Lockout, now: number, longestPause = LONGEST_PAUSE_MS): Lockout {
  const back = Math.floor(Math.max(0, now - shared.at) / SHARED_RECOVERY_MS);
  const failures = Math.max(0, shared.failures - back);
  const next = counted(failures + 1, now, SHARED_BUDGET, FIRST_PAUSE_MS, longestPause);
  // The rest of a minute keeps counting, or failures every 59 s would never let the budget recover.
  return failures === 0 ? next : { ...next, at: shared.at + back * SHARED_RECOVERY_MS };
}

function counted(failures: number, now: number, free: number, first: number, longest: number): Lockout {
  if (failures <= free) return { failures, until: 0, at: now };
  return { failures, until: now + Math.min(longest, first * 2 ** Math.min(20, failures - free - 1)), at: now };
}

/**
 * Returns a row as it counts now. If trusted time was corrected backwards since it was written, the row is in the future, and
 * without a limit would lock for as long as the clock had been wrong. A day without failures resets it.
 */
export function settled(lockout: Lockout, now: number, longest: number): Lockout {
  if (now - Math.max(lockout.at, lockout.until) >= QUIET_MS) return NO_LOCKOUT;
  return { ...lockout, until: Math.min(lockout.until, now + longest), at: Math.min(lockout.at, now) };
}

/** Returns the error for a locked number, a pause of all numbers, or a locked staff PIN; the screen counts down `seconds`. */
export function pinLocked(ms: number): Problem {
  const seconds = Math.ceil(ms / 1000);
  return new Problem('pin-locked', { seconds });
}
