import { expect, test } from 'vitest';
import { falls, NO_SCORES, withScore } from './scores.ts';

const after = (scores: readonly number[]) => scores.reduce(withScore, NO_SCORES);
const times = (n: number, score: number) => Array<number>(n).fill(score);

test('scores count as falling after weeks of decline, but not after one bad day or if they were never good', () => {
  expect(falls(after([...times(15, 0.8), ...times(20, 0.62)]))).toBe(true);
  expect(falls(after([...times(30, 0.8), 0.5]))).toBe(false);
  expect(falls(after(times(40, 0.58)))).toBe(false);
  expect(falls(after([...times(10, 0.8), ...times(5, 0.4)]))).toBe(false);
});
