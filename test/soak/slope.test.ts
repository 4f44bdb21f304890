import { expect, test } from 'vitest';
import { slopeOf } from './slope.ts';

test('the slope of a line is that of the line, and of too few points none', () => {
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, 5 + 2 * x] as const))).toBeCloseTo(2, 12);
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, x % 2 ? 7 : 8] as const))).toBeCloseTo(-0.2, 12);
  expect(
    slopeOf([
      [1, 1],
      [2, 2],
    ]),
  ).toBeNull();
  expect(
    slopeOf([
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
  ).toBeNull();
});
