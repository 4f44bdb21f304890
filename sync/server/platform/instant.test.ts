import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantOf } from './instant.ts';

const ARRIVAL = new Date('2026-07-20T10:00:00.000Z');
const at = (utc: string, offset: number) => ({ at: { utc, offset, monotonic: 0, bootId: 'test' } });

test('a time from a dead clock is corrected by the offset that the kiosk stored', () => {
  const offset = Date.parse('2026-07-01T08:00:00Z') - Date.parse('1970-01-01T00:01:00Z');
  expect(instantOf(at('1970-01-01T00:01:00.000Z', offset), ARRIVAL).toISOString()).toBe('2026-07-01T08:00:00.000Z');
});

test('the result can always be stored, is never after the arrival, and is exact if possible', () => {
  const claim = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  const offset = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1e12, max: 1e12 }), fc.constant(0));
  fc.assert(
    fc.property(claim, offset, claim, (utc, by, arrival) => {
      const got = instantOf(at(utc.toISOString(), by), arrival).getTime();
      expect(got).toBeLessThanOrEqual(arrival.getTime());
      expect(got).toBeGreaterThanOrEqual(Date.parse('0001-01-01T00:00:00Z'));
      const exact = utc.getTime() + by;
      if (exact <= arrival.getTime() && exact >= Date.parse('0001-01-01T00:00:00Z')) expect(got).toBe(exact);
    }),
  );
});
