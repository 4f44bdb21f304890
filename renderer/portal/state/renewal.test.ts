import { expect, test } from 'vitest';
import { dueIn, leftOf, SPARE_MS, shownOf } from './renewal.ts';

const given = { text: 'SP1:A', issuedAt: '2026-07-20T10:00:00.000Z', expiresAt: '2026-07-20T10:01:00.000Z' };

test('a code is replaced while it is still valid, whatever the device’s clock says', () => {
  const code = shownOf(given, 1000);
  expect([dueIn(code, 1000), leftOf(code, 1000)]).toEqual([60_000 - SPARE_MS, 60_000]);
  expect([dueIn(code, 1000 + 60_000 - SPARE_MS), leftOf(code, 1000 + 60_000 - SPARE_MS)]).toEqual([0, SPARE_MS]);
  expect([dueIn(code, 100_000), leftOf(code, 100_000)]).toEqual([0, 0]);
});

test('without a code, the first one is due at once', () => {
  expect([dueIn(null, 5), leftOf(null, 5)]).toEqual([0, 0]);
});
