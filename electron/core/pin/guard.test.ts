import { beforeEach, expect, test } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Lockout } from '../store/lockouts.ts';
import { createPinGuard } from './guard.ts';
import {
  FACE_BUDGET,
  FREE_FAILURES,
  LONGEST_LOCK_MS,
  NO_LOCKOUT,
  ONLY_PIN_BUDGET,
  PIN_BUDGET,
  QUIET_MS,
  SHARED_BUDGET,
  type SharedBudget,
} from './lockout.ts';

/* The guard with rows kept by the test; that they survive a restart in the store is tested with the store. */

const T0 = Date.UTC(2027, 0, 1);
let now: number;
let rows: Map<string, Lockout>;
let pauses: number[];

beforeEach(() => {
  now = T0;
  rows = new Map();
  pauses = [];
});

/** Returns a guard as after a restart: nothing but the rows is kept. */
const guard = () =>
  createPinGuard({
    store: {
      lockouts: {
        get: (subject) => rows.get(subject) ?? NO_LOCKOUT,
        set: (more) => {
          for (const [subject, lockout] of Object.entries(more)) rows.set(subject, lockout);
        },
      },
    },
    now: () => now,
    paused: (ms) => void pauses.push(ms),
  });

/** `in`, or the code of the rejection. */
const attempt = (
  subject: string,
  right: boolean,
  shared: SharedBudget | null = PIN_BUDGET,
  by = guard(),
): Promise<string> =>
  by
    .attempt({
      subject,
      shared,
      check: async () => (right ? 'in' : null),
      wrong: () => new Problem('pin-wrong'),
    })
    .catch((error: Problem) => error.code);

/** One wrong PIN on each of `count` numbers. */
async function spray(count: number, by = guard(), budget = PIN_BUDGET): Promise<string[]> {
  const codes: string[] = [];
  for (let i = 0; i < count; i++) codes.push(await attempt(`number:${i}`, false, budget, by));
  return codes;
}

test('one guess on each of many numbers pauses all numbers, after a restart too, but not the staff PIN', async () => {
  const codes = await spray(SHARED_BUDGET + 3);
  expect(codes.slice(0, SHARED_BUDGET)).toEqual(Array(SHARED_BUDGET).fill('pin-wrong'));
  expect(codes.slice(SHARED_BUDGET)).toEqual(['pin-locked', 'pin-locked', 'pin-locked']);
  expect(pauses).toEqual([5_000]); // the two after it were refused without a check
  expect(await attempt('number:someone', true)).toBe('pin-locked');
  expect(await attempt('staff', true, null)).toBe('in');
});

test('a pause lasts seconds: afterwards a right PIN works, immediately and repeatedly', async () => {
  await spray(SHARED_BUDGET + 1);
  now += 5_000;
  expect(await attempt('number:someone', true)).toBe('in');
  expect(await attempt('number:someone-else', true)).toBe('in');
  expect(await attempt('number:0', false)).toBe('pin-locked');
  expect(pauses).toEqual([5_000, 10_000]);
});

test('PINs and faces with numbers have separate budgets: failures of one do not pause the other', async () => {
  await spray(SHARED_BUDGET + 1);
  expect(await attempt('face:someone', true, FACE_BUDGET)).toBe('in');
  rows = new Map();
  await spray(SHARED_BUDGET + 1, guard(), FACE_BUDGET);
  expect(await attempt('face:someone', true, FACE_BUDGET)).toBe('pin-locked');
  expect(await attempt('number:someone', true)).toBe('in');
});

test('if the PIN is the only method, no pause lasts longer than 5 s, not even one that began before', async () => {
  for (let i = 0; i < SHARED_BUDGET + 6; i++) {
    await attempt(`number:${i}`, false);
    now = Math.max(now, rows.get('every-number')!.until);
  }
  expect(Math.max(...pauses)).toBe(60_000);
  pauses = [];
  await attempt('number:a', false);
  const paused = now;
  expect(await attempt('number:b', true, ONLY_PIN_BUDGET)).toBe('pin-locked');
  now = paused + 5_000;
  expect(await attempt('number:b', true, ONLY_PIN_BUDGET)).toBe('in');
  await attempt('number:c', false, ONLY_PIN_BUDGET);
  expect(pauses.at(-1)).toBe(5_000);
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

test('simultaneous guesses count like consecutive ones', async () => {
  const one = guard();
  const codes = await Promise.all(Array.from({ length: 8 }, () => attempt('number:x', false, PIN_BUDGET, one)));
  expect(codes.filter((code) => code === 'pin-wrong')).toHaveLength(FREE_FAILURES);
});

test('an attempt is counted before it is checked: a power cut in between gives no free guess', async () => {
  void guard().attempt({
    subject: 'number:x',
    shared: PIN_BUDGET,
    check: () => new Promise(() => undefined),
    wrong: () => new Problem('pin-wrong'),
  });
  await Promise.resolve();
  expect(rows.get('number:x')?.failures).toBe(1);
  expect(rows.get('every-number')?.failures).toBe(1);
});

test('a quiet day resets failures', async () => {
  for (let i = 0; i < FREE_FAILURES; i++) await attempt('staff', false, null);
  now += QUIET_MS;
  expect(await attempt('staff', false, null)).toBe('pin-wrong');
  expect(rows.get('staff')?.failures).toBe(1);
});

test('a lock set while trusted time was years ahead ends within an hour of the correction', async () => {
  now = T0 + 1000 * QUIET_MS;
  for (let i = 0; i <= FREE_FAILURES; i++) await attempt('number:x', false);
  now = T0;
  expect(await attempt('number:x', true)).toBe('pin-locked');
  now += LONGEST_LOCK_MS - 1;
  expect(await attempt('number:x', true)).toBe('pin-locked');
  now += 1;
  expect(await attempt('number:x', true)).toBe('in');
});

test('simultaneous attempts run one after the other: the right PIN undoes only its own count', async () => {
  const by = guard();
  const codes = await Promise.all([true, false].map((right) => attempt('number:7', right, PIN_BUDGET, by)));
  expect(codes).toEqual(['in', 'pin-wrong']);
  expect(rows.get('number:7')!.failures).toBe(1);
});
