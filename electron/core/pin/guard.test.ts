import { beforeEach, expect, test } from 'vitest';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Lockout } from '../store/interface.ts';
import { createPinGuard } from './guard.ts';
import { FREE_FAILURES, LONGEST_LOCK_MS, NO_LOCKOUT, QUIET_MS, SHARED_BUDGET } from './lockout.ts';

/* The guard over rows that the test holds; that the store keeps them over a restart is a test of the store's. */

const T0 = Date.UTC(2027, 0, 1);
let now: number;
let rows: Map<string, Lockout>;
let pauses: number[];

beforeEach(() => {
  now = T0;
  rows = new Map();
  pauses = [];
});

/** A guard as after a restart: nothing but the rows is kept. */
const guard = () =>
  createPinGuard({
    store: {
      lockout: (subject) => rows.get(subject) ?? NO_LOCKOUT,
      setLockouts: (more) => {
        for (const [subject, lockout] of Object.entries(more)) rows.set(subject, lockout);
      },
    },
    now: () => now,
    paused: (ms) => void pauses.push(ms),
  });

/** `in`, or the code of the refusal. */
const attempt = (subject: string, right: boolean, shared = true, by = guard()): Promise<string> =>
  by
    .attempt({
      subject,
      shared,
      check: async () => (right ? 'in' : null),
      wrong: () => new Problem('pin-wrong', 'wrong', 'Try again.'),
    })
    .catch((error: Problem) => error.code);

/** One wrong PIN on each of `count` numbers. */
async function spray(count: number, by = guard()): Promise<string[]> {
  const codes: string[] = [];
  for (let i = 0; i < count; i++) codes.push(await attempt(`number:${i}`, false, true, by));
  return codes;
}

test('one guess on each of many numbers pauses all numbers, over a restart too, but not the staff PIN', async () => {
  const codes = await spray(SHARED_BUDGET + 3);
  expect(codes.slice(0, SHARED_BUDGET)).toEqual(Array(SHARED_BUDGET).fill('pin-wrong'));
  expect(codes.slice(SHARED_BUDGET)).toEqual(['pin-locked', 'pin-locked', 'pin-locked']);
  expect(pauses).toEqual([5_000]); // the two after it were refused without a look
  expect(await attempt('number:somebody', true)).toBe('pin-locked');
  expect(await attempt('staff', true, false)).toBe('in');
});

test('a pause lasts seconds: whoever has the right PIN then gets in, at once and again', async () => {
  await spray(SHARED_BUDGET + 1);
  now += 5_000;
  expect(await attempt('number:somebody', true)).toBe('in');
  expect(await attempt('number:somebody-else', true)).toBe('in');
  expect(await attempt('number:0', false)).toBe('pin-locked');
  expect(pauses).toEqual([5_000, 10_000]);
});

test('one’s own right PIN clears one’s own failures and buys no guesses at others’', async () => {
  for (let i = 0; i < FREE_FAILURES; i++) await attempt('number:mine', false);
  expect(await attempt('number:mine', true)).toBe('in');
  expect(rows.get('number:mine')).toEqual(NO_LOCKOUT);
  for (let i = FREE_FAILURES; i < SHARED_BUDGET; i++) {
    expect(await attempt(`number:${i}`, false)).toBe('pin-wrong');
    expect(await attempt('number:mine', true)).toBe('in');
  }
  expect(await attempt('number:last', false)).toBe('pin-locked');
});

test('guesses made at the same moment count like those made one after the other', async () => {
  const one = guard();
  const codes = await Promise.all(Array.from({ length: 8 }, () => attempt('number:x', false, true, one)));
  expect(codes.filter((code) => code === 'pin-wrong')).toHaveLength(FREE_FAILURES);
});

test('an attempt is counted before it is checked: a power cut in between gives no free guess', async () => {
  void guard().attempt({
    subject: 'number:x',
    shared: true,
    check: () => new Promise(() => undefined),
    wrong: () => new Problem('pin-wrong', 'wrong', 'Try again.'),
  });
  await Promise.resolve();
  expect(rows.get('number:x')?.failures).toBe(1);
  expect(rows.get('every-number')?.failures).toBe(1);
});

test('a quiet day forgets failures', async () => {
  for (let i = 0; i < FREE_FAILURES; i++) await attempt('staff', false, false);
  now += QUIET_MS;
  expect(await attempt('staff', false, false)).toBe('pin-wrong');
  expect(rows.get('staff')?.failures).toBe(1);
});

test('a lock that was set while trusted time was years ahead ends within an hour of the correction', async () => {
  now = T0 + 1000 * QUIET_MS;
  for (let i = 0; i <= FREE_FAILURES; i++) await attempt('number:x', false);
  now = T0;
  expect(await attempt('number:x', true)).toBe('pin-locked');
  now += LONGEST_LOCK_MS - 1;
  expect(await attempt('number:x', true)).toBe('pin-locked');
  now += 1;
  expect(await attempt('number:x', true)).toBe('in');
});
