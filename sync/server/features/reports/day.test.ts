import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { dayOfPerson } from './day.ts';

const DAY = '2026-07-20';
const START = Date.parse(`${DAY}T08:00:00.000Z`);
const dayOf = () => ({
  day: DAY,
  start: Date.parse(`${DAY}T00:00:00.000Z`),
  end: Date.parse('2026-07-21T00:00:00.000Z'),
});
const record = (seconds: number, direction: 'in' | 'out') => ({
  id: randomUUID(),
  at: START + seconds * 1000,
  direction,
});

test('many short stays are as long together as one of the same time', () => {
  // Thirty stays of 50 seconds, a minute after the other.
  const records = Array.from({ length: 30 }, (_, i) => [record(i * 60, 'in'), record(i * 60 + 50, 'out')]).flat();
  const day = dayOfPerson(randomUUID(), records, DAY, dayOf)!;
  expect(day.stays).toHaveLength(30);
  expect(day.stays.every((stay) => stay.minutes === 0)).toBe(true);
  expect(day).toMatchObject({ minutes: 25, open: 0 });
});

test('a stay without an end counts as open, and adds nothing', () => {
  const day = dayOfPerson(randomUUID(), [record(0, 'in'), record(90, 'out'), record(120, 'in')], DAY, dayOf)!;
  expect(day).toMatchObject({ minutes: 1, open: 1, stays: [{ minutes: 1 }, { minutes: null, end: null }] });
});
