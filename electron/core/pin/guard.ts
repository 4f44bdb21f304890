import type { Problem } from '../../../sync/errors/problem.ts';
import { createMutex } from '../mutex.ts';
import type { Store } from '../store/interface.ts';
import type { Lockout } from '../store/lockouts.ts';
import {
  afterFailure,
  afterSharedFailure,
  LONGEST_LOCK_MS,
  lockedFor,
  NO_LOCKOUT,
  pinLocked,
  type SharedBudget,
  settled,
} from './lockout.ts';

export interface Attempt<T> {
  /** Key of the failure count of the secret being guessed. Null for none in particular, as with an unknown badge. */
  readonly subject: string | null;
  /** The budget shared by all numbers of this kiosk that failures also count against, if any. */
  readonly shared: SharedBudget | null;
  /** True to ignore the pause of that budget. A lock of `subject` still applies. */
  readonly throughPause?: boolean;
  /** Returns what the right PIN opens; null if the PIN was wrong. */
  check(): Promise<T | null>;
  /** Returns the error for a wrong PIN that does not lock yet. */
  wrong(): Problem;
}

/** Checks every PIN typed at this kiosk. Lockouts are in the store, so that a restart gives no new guesses. */
export interface PinGuard {
  /** @throws Problem `pin-locked`, or the attempt's own rejection */
  attempt<T>(attempt: Attempt<T>): Promise<T>;
}

export interface PinGuardDeps {
  readonly store: { readonly lockouts: Pick<Store['lockouts'], 'get' | 'set'> };
  /** Trusted time, ms since 1970: locks outlast a restart, and setting the clock ends none. */
  readonly now: () => number;
  /** Called when all numbers were paused for `ms`: someone may be trying one PIN, or one face, on many numbers. */
  readonly paused?: (ms: number, budget: SharedBudget['row']) => void;
}

export function createPinGuard({ store, now, paused }: PinGuardDeps): PinGuard {
  // One attempt at a time: then a right PIN can undo exactly what its own attempt added.
  const exclusive = createMutex();

  async function attempt<T>({ subject, shared, throughPause = false, check, wrong }: Attempt<T>): Promise<T> {
    const at = now();
    const stored = subject === null ? NO_LOCKOUT : store.lockouts.get(subject);
    const storedAll = shared ? store.lockouts.get(shared.row) : NO_LOCKOUT;
    const own = settled(stored, at, LONGEST_LOCK_MS);
    const all = settled(storedAll, at, shared?.longestPause ?? 0);
    const rows = (one: Lockout, every: Lockout) => ({
      ...(subject === null ? {} : { [subject]: one }),
      ...(shared ? { [shared.row]: every } : {}),
    });
    const locked = Math.max(lockedFor(own, at), throughPause ? 0 : lockedFor(all, at));
    if (locked > 0) {
      // Times in the future (the clock was wrong) are stored as limited now, or the wait would start over with each attempt.
      if (own.until < stored.until || all.until < storedAll.until) store.lockouts.set(rows(own, all));
      throw pinLocked(locked);
    }
    // Count the attempt before it is checked: a power cut between check and count must not give free guesses.
    const failed = subject === null ? NO_LOCKOUT : afterFailure(own, at);
    const allFailed = shared ? afterSharedFailure(all, at, shared.longestPause) : NO_LOCKOUT;
    store.lockouts.set(rows(failed, allFailed));
    const opened = await check();
    if (opened === null) {
      const pause = lockedFor(allFailed, now());
      if (shared && pause > 0) paused?.(pause, shared.row);
      const wait = Math.max(pause, lockedFor(failed, now()));
      throw wait > 0 ? pinLocked(wait) : wrong();
    }
    // Only its own failure is returned to the shared budget: one right PIN must not buy guesses at other numbers.
    store.lockouts.set(rows(NO_LOCKOUT, all));
    return opened;
  }

  return { attempt: (one) => exclusive(() => attempt(one)) };
}
