import type { Problem } from '../../../sync/protocol/wire/problem.ts';
import { createTurns } from '../in-turn.ts';
import type { Lockout, Store } from '../store/interface.ts';
import {
  afterFailure,
  afterSharedFailure,
  LONGEST_LOCK_MS,
  LONGEST_PAUSE_MS,
  lockedFor,
  NO_LOCKOUT,
  pinLocked,
  settled,
} from './lockout.ts';

/** Row of the budget that all numbers share. */
const EVERY_NUMBER = 'every-number';

export interface Attempt<T> {
  /** Which secret is guessed at: the row its failures are kept in. */
  readonly subject: string;
  /** Whether failures also count against the budget that all numbers of this kiosk share. */
  readonly shared: boolean;
  /** What the right PIN opens; null when it was wrong. */
  check(): Promise<T | null>;
  /** The refusal of a wrong PIN that does not lock yet. */
  wrong(): Problem;
}

/** Every PIN typed at this kiosk comes by here: lockouts are kept in the store, so that a restart gives no new guesses. */
export interface PinGuard {
  /** @throws Problem `pin-locked`, or the attempt's own refusal */
  attempt<T>(attempt: Attempt<T>): Promise<T>;
}

export interface PinGuardDeps {
  readonly store: Pick<Store, 'lockout' | 'setLockouts'>;
  /** Trusted time, ms since 1970: locks outlast a restart, and a clock that is set ends none. */
  readonly now: () => number;
  /** Called when the numbers of all were paused for `ms`: somebody may be trying one PIN on many. */
  readonly paused?: (ms: number) => void;
}

export function createPinGuard({ store, now, paused }: PinGuardDeps): PinGuard {
  // One attempt at a time: what an attempt adds can then be taken back when it was right, and nothing else with it.
  const inTurn = createTurns();

  async function attempt<T>({ subject, shared, check, wrong }: Attempt<T>): Promise<T> {
    const at = now();
    const stored = store.lockout(subject);
    const storedAll = shared ? store.lockout(EVERY_NUMBER) : NO_LOCKOUT;
    const own = settled(stored, at, LONGEST_LOCK_MS);
    const all = settled(storedAll, at, LONGEST_PAUSE_MS);
    const rows = (one: Lockout, every: Lockout) => ({ [subject]: one, ...(shared ? { [EVERY_NUMBER]: every } : {}) });
    const locked = Math.max(lockedFor(own, at), lockedFor(all, at));
    if (locked > 0) {
      // What lay in a wrong clock's future is kept as it counts now, or it would begin anew with each attempt.
      if (own.until < stored.until || all.until < storedAll.until) store.setLockouts(rows(own, all));
      throw pinLocked(locked);
    }
    // Count the attempt before it is checked: a power cut between check and count must not give free guesses.
    const failed = afterFailure(own, at);
    const allFailed = shared ? afterSharedFailure(all, at) : NO_LOCKOUT;
    store.setLockouts(rows(failed, allFailed));
    const opened = await check();
    if (opened === null) {
      const pause = lockedFor(allFailed, now());
      if (pause > 0) paused?.(pause);
      const wait = Math.max(pause, lockedFor(failed, now()));
      throw wait > 0 ? pinLocked(wait) : wrong();
    }
    // Only its own count comes back to the shared budget: somebody's right PIN must not buy guesses at the others'.
    store.setLockouts(rows(NO_LOCKOUT, all));
    return opened;
  }

  return { attempt: (one) => inTurn(() => attempt(one)) };
}
