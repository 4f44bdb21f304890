import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attendanceDays } from './calendar.ts';

const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);
const dayIn = (timeZone: string, dayStartsAt: string, instant: string) => {
  const { day, start, end } = attendanceDays({ timeZone, dayStartsAt })(at(instant));
  return [day, iso(start), iso(end)];
};

describe('the attendance day', () => {
  test.each<[string, string, string, ...string[]]>([
    // zone, starts, instant, day, start, end (UTC)
    ['Europe/Berlin', '00:00', '2026-07-01T12:00Z', '2026-07-01', '2026-06-30T22:00', '2026-07-01T22:00'],
    ['Europe/Berlin', '00:00', '2026-03-29T12:00Z', '2026-03-29', '2026-03-28T23:00', '2026-03-29T22:00'], // 23 h
    ['Europe/Berlin', '00:00', '2026-10-25T12:00Z', '2026-10-25', '2026-10-24T22:00', '2026-10-25T23:00'], // 25 h
    // Clocks jump over the start: the day begins with the jump.
    ['Europe/Berlin', '02:30', '2026-03-29T01:00Z', '2026-03-29', '2026-03-29T01:00', '2026-03-30T00:30'],
    ['Europe/Berlin', '02:30', '2026-03-29T00:59Z', '2026-03-28', '2026-03-28T01:30', '2026-03-29T01:00'],
    // The start occurs twice: the first counts, and the second does not return to yesterday.
    ['Europe/Berlin', '02:30', '2026-10-25T00:29Z', '2026-10-24', '2026-10-24T00:30', '2026-10-25T00:30'],
    ['Europe/Berlin', '02:30', '2026-10-25T01:10Z', '2026-10-25', '2026-10-25T00:30', '2026-10-26T01:30'],
    // Clocks that change at midnight.
    ['America/Santiago', '00:00', '2026-09-06T12:00Z', '2026-09-06', '2026-09-06T04:00', '2026-09-07T03:00'],
    ['America/Havana', '00:00', '2026-11-01T05:30Z', '2026-11-01', '2026-11-01T04:00', '2026-11-02T05:00'],
    // Offsets of half an hour and three quarters.
    ['Australia/Lord_Howe', '00:00', '2026-04-05T12:00Z', '2026-04-05', '2026-04-04T13:00', '2026-04-05T13:30'],
    ['Asia/Kathmandu', '00:00', '2026-01-01T18:14Z', '2026-01-01', '2025-12-31T18:15', '2026-01-01T18:15'],
    // A date that the zone skipped.
    ['Pacific/Apia', '00:00', '2011-12-30T09:59Z', '2011-12-29', '2011-12-29T10:00', '2011-12-30T10:00'],
    ['Pacific/Apia', '00:00', '2011-12-30T10:00Z', '2011-12-31', '2011-12-30T10:00', '2011-12-31T10:00'],
    // A night shift belongs to the day on which it started.
    ['Europe/Berlin', '12:00', '2026-07-02T04:00Z', '2026-07-01', '2026-07-01T10:00', '2026-07-02T10:00'],
  ])('in %s from %s on, %s is %s', (timeZone, starts, instant, ...expected) => {
    expect(dayIn(timeZone, starts, instant)).toEqual(expected);
  });

  test('each instant is in exactly one day, and days follow each other without gaps', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 24 * 60 - 1 }),
        fc.integer({ min: at('1900-01-01'), max: at('2100-01-01') }),
        (timeZone, minute, instant) => {
          const dayStartsAt = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
          const dayOf = attendanceDays({ timeZone, dayStartsAt });
          const day = dayOf(instant);
          expect(day.start).toBeLessThanOrEqual(instant);
          expect(instant).toBeLessThan(day.end);
          expect(dayOf(day.start)).toEqual(day);
          expect(dayOf(day.end - 1)).toEqual(day);
          const next = dayOf(day.end);
          expect(next.start).toBe(day.end);
          expect(next.day > day.day).toBe(true);
          // Uses a new calendar, so that nothing is cached.
          expect(attendanceDays({ timeZone, dayStartsAt })(day.start)).toEqual(day);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('accepts any time that a broken clock may report', () => {
    const dayOf = attendanceDays({ timeZone: 'Europe/Berlin', dayStartsAt: '00:00' });
    for (const wild of [-8.64e15, at('0000-01-01T00:00:00Z'), 8.64e15])
      expect(dayOf(wild).end).toBeGreaterThan(0 - 8e15);
  });
});
