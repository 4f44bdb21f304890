import { expect, test } from 'vitest';
import type { Lockout } from '../store/lockouts.ts';
import {
  afterFailure,
  afterSharedFailure,
  FREE_FAILURES,
  LONGEST_LOCK_MS,
  LONGEST_PAUSE_MS,
  lockedFor,
  NO_LOCKOUT,
  QUIET_MS,
  SHARED_BUDGET,
  SHARED_RECOVERY_MS,
  settled,
} from './lockout.ts';

const T0 = Date.UTC(2027, 0, 1);
const times = (n: number, step: (lockout: Lockout) => Lockout, from = NO_LOCKOUT) => {
  let state = from;
  for (let i = 0; i < n; i++) state = step(state);
  return state;
};

test('a few wrong PINs have no consequences, then each failure locks longer, up to an hour', () => {
  let state = times(FREE_FAILURES, (one) => afterFailure(one, T0));
  expect(lockedFor(state, T0)).toBe(0);
  const locks: number[] = [];
  for (let i = 0; i < 12; i++) {
    state = afterFailure(state, T0);
    locks.push(lockedFor(state, T0));
  }
  expect(locks.slice(0, 3)).toEqual([30_000, 60_000, 120_000]);
  expect(locks.at(-1)).toBe(LONGEST_LOCK_MS);
});

test('a quiet day after the last failure and the lock resets them, less does not', () => {
  const failed = times(9, (one) => afterFailure(one, T0));
  expect(settled(failed, failed.until + QUIET_MS - 1, LONGEST_LOCK_MS)).toEqual(failed);
  expect(settled(failed, failed.until + QUIET_MS, LONGEST_LOCK_MS)).toEqual(NO_LOCKOUT);
});

test('after trusted time moved back by years a lock lasts at most an hour', () => {
  const failed = times(5, (one) => afterFailure(one, T0));
  const now = T0 - 3 * 365 * QUIET_MS;
  const kept = settled(failed, now, LONGEST_LOCK_MS);
  expect(kept).toEqual({ failures: 5, until: now + LONGEST_LOCK_MS, at: now });
  expect(lockedFor(kept, now + LONGEST_LOCK_MS)).toBe(0);
});

test('failures with any number have no consequences within the budget; beyond it each pauses all, up to a minute', () => {
  let all = times(SHARED_BUDGET, (one) => afterSharedFailure(one, T0));
  expect(lockedFor(all, T0)).toBe(0);
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    all = afterSharedFailure(all, T0);
    pauses.push(lockedFor(all, T0));
  }
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  expect(LONGEST_PAUSE_MS).toBe(60_000);
});

test('the budget recovers one failure per minute, also across partial minutes', () => {
  const spent = times(SHARED_BUDGET, (one) => afterSharedFailure(one, T0));
  expect(afterSharedFailure(spent, T0 + SHARED_RECOVERY_MS - 1).failures).toBe(SHARED_BUDGET + 1);
  expect(afterSharedFailure(spent, T0 + SHARED_RECOVERY_MS).failures).toBe(SHARED_BUDGET);
  expect(afterSharedFailure(spent, T0 + 60 * SHARED_RECOVERY_MS)).toMatchObject({ failures: 1, until: 0 });
  // Someone who fails every 90 s for a day: the budget recovers faster than they fail.
  let slow = NO_LOCKOUT;
  for (let i = 0; i < 960; i++) slow = afterSharedFailure(slow, T0 + i * 1.5 * SHARED_RECOVERY_MS);
  expect(slow.failures).toBeLessThanOrEqual(2);
  // Every 40 s: a third of the failures accumulates, so that sooner or later it is noticed.
  let fast = NO_LOCKOUT;
  for (let i = 0; i < 120; i++) fast = afterSharedFailure(fast, T0 + i * 40_000);
  expect(fast.failures).toBeGreaterThan(SHARED_BUDGET);
});
