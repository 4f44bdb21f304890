import { expect, test } from 'vitest';
import { seededRandom } from '../bench/harness.ts';
import { slopeOf, slopeWithInterval } from './slope.ts';

test('the slope of a line is exact, and too few points have none', () => {
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

test('the interval of a slope contains the true one at its stated rate, also for correlated samples', () => {
  const random = seededRandom(7);
  const noise = () => Array.from({ length: 12 }, random).reduce((sum, x) => sum + x, -6);
  for (const lean of [0, 0.5]) {
    let held = 0;
    for (let run = 0; run < 400; run++) {
      let last = 0;
      const points = Array.from({ length: 30 }, (_, x) => {
        last = lean * last + noise();
        return [x, 100 + 0.3 * x + last] as const;
      });
      const { low, high } = slopeWithInterval(points)!;
      if (low <= 0.3 && 0.3 <= high) held++;
    }
    expect(held / 400).toBeGreaterThan(0.85);
    expect(held / 400).toBeLessThanOrEqual(1);
  }
  expect(slopeWithInterval([0, 1, 2, 3].map((x) => [x, 5 + 2 * x] as const))).toMatchObject({ slope: 2 });
  expect(slopeWithInterval([0, 1, 2].map((x) => [x, x] as const))).toBeNull();
});
