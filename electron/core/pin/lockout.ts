import { Problem } from '../../../sync/errors/problem.ts';
import type { Lockout } from '../store/lockouts.ts';

/**
 * How wrong PINs are slowed down. Pure rules over rows that the store keeps; times are trusted time, ms since 1970.
 *
 * Two limits: one for each secret (a number, the staff PIN at one door), and one for all numbers of the kiosk together,
 * against someone who tries one likely PIN on many numbers. The second only pauses, for a minute at most. Faces that
 * come with a number have a budget of their own, so that a passer-by at the keypad pauses no face, and who is taken for
 * someone else now and then pauses no PIN. Where there is no face recognition, the PIN is the only way in, and its
 * pause stays at 5 s: a passer-by can then slow attendance down, but not stop it.
 */

/** Failures against one secret that cost nothing; from the next one on each locks, twice as long every time. */
export const FREE_FAILURES = 4;
const FIRST_LOCK_MS = 30_000;
/** No lock lasts longer, ms; nor does one that the clock made seem longer. */
export const LONGEST_LOCK_MS = 3_600_000;
/** Without a failure or a lock for this long, what was counted is forgotten, ms. */
export const QUIET_MS = 86_400_000;

/** Failures over all numbers that cost nothing, as in a queue of people who mistype. From the next one on, each pauses. */
export const SHARED_BUDGET = 20;
/** One failure of the budget comes back each time this has passed, ms. */
export const SHARED_RECOVERY_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
/** No pause of everybody's lasts longer, ms. */
export const LONGEST_PAUSE_MS = 60_000;

export interface SharedBudget {
  /** Row in which its failures are kept. */
  readonly row: 'every-number' | 'every-face' | 'every-badge';
  /** No pause of it lasts longer, ms. */
  readonly longestPause: number;
}

/** Of wrong PINs, while a face is another way in. */
export const PIN_BUDGET: SharedBudget = { row: 'every-number', longestPause: LONGEST_PAUSE_MS };
/** The same, where nothing but the PIN is left: every pause stays as short as the first. */
export const ONLY_PIN_BUDGET: SharedBudget = { row: 'every-number', longestPause: FIRST_PAUSE_MS };
/** Of faces that were not those of the numbers typed. */
export const FACE_BUDGET: SharedBudget = { row: 'every-face', longestPause: LONGEST_PAUSE_MS };
/** Of badges and cards that nobody has. */
export const BADGE_BUDGET: SharedBudget = { row: 'every-badge', longestPause: LONGEST_PAUSE_MS };

export const NO_LOCKOUT: Lockout = { failures: 0, until: 0, at: 0 };

/** Remaining lock in ms; 0 when an attempt may be made. */
export function lockedFor(lockout: Lockout, now: number): number {
  return Math.max(0, lockout.until - now);
}

/** State after a failed attempt: 30 s after the fifth, doubling up to an hour. */
export function afterFailure(lockout: Lockout, now: number): Lockout {
  return counted(lockout.failures + 1, now, FREE_FAILURES, FIRST_LOCK_MS, LONGEST_LOCK_MS);
}

/**
 * State of everybody's budget after a failure with any number: what has come back since the last one is taken off, then
 * a pause of 5 s for the first failure beyond the budget, doubling up to `longestPause`, ms.
 */
export function afterSharedFailure(shared: Lockout, now: number, longestPause = LONGEST_PAUSE_MS): Lockout {
  const back = Math.floor(Math.max(0, now - shared.at) / SHARED_RECOVERY_MS);
  const failures = Math.max(0, shared.failures - back);
  const next = counted(failures + 1, now, SHARED_BUDGET, FIRST_PAUSE_MS, longestPause);
  // The rest of a minute keeps counting, or failures every 59 s would never recover the budget.
  return failures === 0 ? next : { ...next, at: shared.at + back * SHARED_RECOVERY_MS };
}

function counted(failures: number, now: number, free: number, first: number, longest: number): Lockout {
  if (failures <= free) return { failures, until: 0, at: now };
  return { failures, until: now + Math.min(longest, first * 2 ** Math.min(20, failures - free - 1)), at: now };
}

/**
 * A row as it counts now. Trusted time may have been corrected backwards since it was written: then the row is in the
 * future, and without a limit would lock for as long as the clock had been wrong. And a quiet day forgets.
 */
export function settled(lockout: Lockout, now: number, longest: number): Lockout {
  if (now - Math.max(lockout.at, lockout.until) >= QUIET_MS) return NO_LOCKOUT;
  return { ...lockout, until: Math.min(lockout.until, now + longest), at: Math.min(lockout.at, now) };
}

/** The one rejection for a locked number, a pause of everybody's, or a locked staff PIN; the screen counts down from `seconds`. */
export function pinLocked(ms: number): Problem {
  const seconds = Math.ceil(ms / 1000);
  return new Problem('pin-locked', { seconds });
}
