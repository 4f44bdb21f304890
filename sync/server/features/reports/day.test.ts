import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { attendanceDays } from '../../../protocol/wire/calendar.ts';
import { daysOfPerson, lateBy } from './day.ts';

const DAY = '2026-07-20';
const START = Date.parse(`${DAY}T08:00:00.000Z`);
const dayOf = attendanceDays({ timeZone: 'UTC', dayStartsAt: '00:00' });
const days = new Map([[DAY, dayOf(START)]]);
const record = (seconds: number, direction: 'in' | 'out') => ({
  id: randomUUID(),
  at: START + seconds * 1000,
  direction,
});
const of = (records: ReturnType<typeof record>[], now = dayOf(START).end) =>
  daysOfPerson(randomUUID(), records, days, { dayOf, work: null, now })[0]!;

test('many short stays add up like one long stay', () => {
  // Thirty stays of 50 seconds, one per minute.
  const records = Array.from({ length: 30 }, (_, i) => [record(i * 60, 'in'), record(i * 60 + 50, 'out')]).flat();
  const day = of(records);
  expect(day.stays).toHaveLength(30);
  expect(day).toMatchObject({ minutes: 25, missing: 0 });
});

test('a stay without an end adds no time, and counts as a missing check-out once its day is over', () => {
  const records = [record(0, 'in'), record(90, 'out'), record(120, 'in')];
  expect(of(records)).toMatchObject({ minutes: 1, missing: 1, lastOut: START + 90_000 });
  expect(of(records, dayOf(START).end - 1)).toMatchObject({ minutes: 1, missing: 0 });
});

test('late means after the start of work plus grace, in the site’s local time, also when clocks change', () => {
  const calendar = (dayStartsAt: string) => attendanceDays({ timeZone: 'Europe/Berlin', dayStartsAt });
  const late = (firstIn: string, startsAt: string, dayStartsAt = '00:00', graceMinutes = 5) => {
    const at = Date.parse(firstIn);
    return lateBy(at, calendar(dayStartsAt)(at), { dayOf: calendar(startsAt), graceMinutes });
  };
  // Winter and summer time: 09:00 is 08:00Z, then 07:00Z.
  expect(late('2026-03-28T08:05:00Z', '09:00')).toBeNull();
  expect(late('2026-03-28T08:05:01Z', '09:00')).toBe(5);
  expect(late('2026-03-29T07:05:00Z', '09:00')).toBeNull();
  expect(late('2026-03-29T08:00:00Z', '09:00')).toBe(60);
  // 02:30 doesn't exist in that night: work starts with the jump to 03:00.
  expect(late('2026-03-29T01:05:00Z', '02:30')).toBeNull();
  expect(late('2026-03-29T01:20:00Z', '02:30')).toBe(20);
  // In autumn 02:30 occurs twice: the first counts.
  expect(late('2026-10-25T01:30:00Z', '02:30')).toBe(60);
  // A day that starts at 22:00 has its 06:00 on the next morning.
  expect(late('2026-07-20T04:30:00Z', '06:00', '22:00')).toBe(30);
  expect(late('2026-07-19T21:00:00Z', '06:00', '22:00')).toBeNull();
});
