import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addDays, dayKeyIn, instantAt, periodOf, timeIn } from './clock.ts';

test('a local time becomes the moment at which the site’s clock shows it', () => {
  expect(instantAt('2026-01-15', '08:30', 'Europe/Berlin')).toBe('2026-01-15T07:30:00.000Z');
  expect(instantAt('2026-07-15', '08:30', 'Europe/Berlin')).toBe('2026-07-15T06:30:00.000Z');
  expect(instantAt('2026-03-29', '00:00', 'Pacific/Apia')).toBe('2026-03-28T11:00:00.000Z');
  expect(instantAt('no day', '00:00', 'UTC')).toBeNull();
});

test('in the hour that summer time repeats the first is used, and the skipped hour still maps to a moment', () => {
  expect(instantAt('2026-10-25', '02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  expect(instantAt('2026-03-29', '02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
});

test('a period ends with its last day, and an invalid day doesn’t narrow it', () => {
  expect(periodOf('2026-03-28', '2026-03-29', 'Europe/Berlin')).toEqual({
    from: '2026-03-27T23:00:00.000Z',
    to: '2026-03-29T22:00:00.000Z',
  });
  expect(periodOf('', 'tomorrow', 'Europe/Berlin')).toEqual({});
});

test('converting back gives the same local time, if the clock shows it once', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 900 }), fc.nat(23), (zone, days, hour) => {
      fc.pre(hour > 3);
      const date = addDays('2025-01-01', days);
      const time = `${String(hour).padStart(2, '0')}:15`;
      const at = instantAt(date, time, zone)!;
      expect([dayKeyIn(at, zone), timeIn(at, zone, 'en')]).toEqual([date, time]);
    }),
  );
});
