import { expect, test } from 'vitest';
import { countLivenessTries, LIVENESS_TRIES } from './liveness-tries.ts';

test('a person’s failures count across visits, then block the face for minutes; others are not affected', () => {
  const tries = countLivenessTries();
  for (let i = 0; i < LIVENESS_TRIES; i++) {
    expect(tries.exhausted('a', i)).toBe(false);
    tries.failed('a', i);
  }
  expect(tries.exhausted('a', 10)).toBe(true);
  expect(tries.exhausted('b', 10)).toBe(false);
  expect(tries.exhausted('a', 6 * 60_000)).toBe(false);
});

test('a passed challenge clears the failures', () => {
  const tries = countLivenessTries();
  tries.failed('a', 0);
  tries.failed('a', 0);
  tries.passed('a');
  tries.failed('a', 0);
  expect(tries.exhausted('a', 0)).toBe(false);
});
