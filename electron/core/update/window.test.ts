import { describe, expect, test } from 'vitest';
import { isOpen, nextOpening } from './window.ts';

const at = (text: string) => Date.parse(text);
const night = { from: '02:00', to: '04:30', zone: 'Europe/Berlin' };
const overMidnight = { from: '23:30', to: '01:00', zone: 'Asia/Kolkata' };

describe('a maintenance window', () => {
  test.each<[string, boolean]>([
    ['2026-01-10T00:59:59.999Z', false],
    ['2026-01-10T01:00:00.000Z', true],
    ['2026-01-10T03:29:59.999Z', true],
    ['2026-01-10T03:30:00.000Z', false],
    ['2026-07-10T00:00:00.000Z', true], // summer time
    ['2026-07-10T02:30:00.000Z', false],
  ])('02:00 to 04:30 in Berlin at %s: %s', (time, open) => expect(isOpen(night, at(time))).toBe(open));

  test.each<[string, boolean]>([
    ['2026-01-10T17:59:00.000Z', false],
    ['2026-01-10T18:00:00.000Z', true],
    ['2026-01-10T18:40:00.000Z', true], // past midnight there
    ['2026-01-10T19:29:59.999Z', true],
    ['2026-01-10T19:30:00.000Z', false],
  ])('over midnight in Kolkata at %s: %s', (time, open) => expect(isOpen(overMidnight, at(time))).toBe(open));

  test('that is not set is always open', () => {
    expect(isOpen(null, 0)).toBe(true);
    expect(nextOpening(null, 5)).toBe(5);
  });

  test.each([
    [night, '2026-01-10T12:34:56.000Z', '2026-01-11T01:00:00.000Z'],
    [night, '2026-01-10T02:00:00.000Z', '2026-01-10T02:00:00.000Z'],
    [overMidnight, '2026-01-10T12:00:00.000Z', '2026-01-10T18:00:00.000Z'],
    // The night of the change to summer time: 02:00 does not exist, and clocks show 03:00 instead.
    [night, '2026-03-28T12:00:00.000Z', '2026-03-29T01:00:00.000Z'],
    // The same night, and a window that is skipped: the next night.
    [{ ...night, from: '02:10', to: '02:50' }, '2026-03-28T12:00:00.000Z', '2026-03-30T00:10:00.000Z'],
    // The night of the change to winter time: 02:00 occurs twice, and the first counts.
    [night, '2026-10-24T12:00:00.000Z', '2026-10-25T00:00:00.000Z'],
    [{ ...night, from: '04:00' }, '2026-10-24T12:00:00.000Z', '2026-10-25T03:00:00.000Z'],
  ])('%j opens next after %s at %s', (window, now, next) =>
    expect(new Date(nextOpening(window, at(now))).toISOString()).toBe(next),
  );
});
