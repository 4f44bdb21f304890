import { expect, test } from 'vitest';
import { LONGEST_PAUSE_MS, pauseAfter } from './backoff.ts';

test('the pause doubles up to a ceiling, with jitter over three quarters of it', () => {
  expect([1, 2, 3].map((n) => pauseAfter(n, 1))).toEqual([500, 1000, 2000]);
  expect(pauseAfter(1, 0)).toBe(125);
  expect(pauseAfter(1000, 0.999)).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
});
