import { expect, test } from 'vitest';
import { nextSerial } from './succession.ts';

test('a succession repeated after a restore has a higher serial than the lost one', () => {
  const at = Date.UTC(2026, 5, 1);
  const lost = nextSerial(1, at);
  expect(nextSerial(1, at + 60_000)).toBeGreaterThan(lost);
  // It also increases within one second or if the clock was set back.
  expect(nextSerial(lost, at)).toBe(lost + 1);
  expect(nextSerial(lost, at - 86_400_000)).toBe(lost + 1);
  expect(nextSerial(1, Date.UTC(2080, 0, 1))).toBeLessThan(2 ** 31);
});
