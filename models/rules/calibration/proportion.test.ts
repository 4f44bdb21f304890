import { expect, it } from 'vitest';
import { exactInterval } from './proportion.ts';

it.each([
  // scipy.stats.binomtest(hits, trials).proportion_ci(method='exact')
  [0, 1, 0, 0.975],
  [0, 20, 0, 0.16843],
  [1, 20, 0.00127, 0.24873],
  [10, 20, 0.27196, 0.72804],
  [20, 20, 0.83157, 1],
  [3, 1000, 0.00062, 0.00874],
])('%i of %i is a share from %f to %f', (hits, trials, low, high) => {
  const [from, to] = exactInterval(hits, trials);
  expect(from).toBeCloseTo(low, 5);
  expect(to).toBeCloseTo(high, 5);
});
