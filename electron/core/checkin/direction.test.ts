import { expect, test } from 'vitest';
import { claimDirection, daysOfSite, isRepeat } from './direction.ts';

const days = daysOfSite();
const berlin = days({ timeZone: 'Europe/Berlin' });
const at = (text: string) => Date.parse(text);

test('the first check-in of a day claims in', () => {
  expect(claimDirection('auto', null, at('2026-11-24T07:00:00Z'), berlin)).toBe('in');
});

test('the next one of the same day claims the opposite', () => {
  const last = { direction: 'in' as const, at: at('2026-11-24T07:00:00Z') };
  expect(claimDirection('auto', last, at('2026-11-24T16:00:00Z'), berlin)).toBe('out');
});

test('the day is the site’s day, not the day in UTC', () => {
  const last = { direction: 'in' as const, at: at('2026-11-24T22:30:00Z') }; // 23:30 in Berlin
  expect(claimDirection('auto', last, at('2026-11-24T23:30:00Z'), berlin)).toBe('in'); // 00:30 of the next day
});

test('a person who arrives in the evening leaves in the morning if the site’s day starts at noon', () => {
  const nights = days({ timeZone: 'Europe/Berlin', dayStartsAt: '12:00' });
  const last = { direction: 'in' as const, at: at('2026-11-24T21:00:00Z') };
  expect(claimDirection('auto', last, at('2026-11-25T05:00:00Z'), nights)).toBe('out');
  expect(claimDirection('auto', last, at('2026-11-25T21:00:00Z'), nights)).toBe('in');
  // Also in the night in which clocks are set back.
  const autumn = { direction: 'in' as const, at: at('2026-10-24T10:30:00Z') };
  expect(claimDirection('auto', autumn, at('2026-10-25T10:45:00Z'), nights)).toBe('out');
  expect(claimDirection('auto', autumn, at('2026-10-25T11:00:00Z'), nights)).toBe('in');
});

test('a kiosk with a fixed direction claims it whatever came before', () => {
  const last = { direction: 'out' as const, at: at('2026-11-24T07:00:00Z') };
  expect(claimDirection('out', last, at('2026-11-24T08:00:00Z'), berlin)).toBe('out');
});

test('the same person within the window is one check-in; a clock correction loses none', () => {
  const last = { direction: 'in' as const, at: 100_000 };
  expect(isRepeat(last, 159_999, 60_000)).toBe(true);
  expect(isRepeat(last, 160_000, 60_000)).toBe(false);
  expect(isRepeat(last, 99_000, 60_000)).toBe(true);
  expect(isRepeat(last, 50_000, 60_000)).toBe(false);
  expect(isRepeat(null, 1, 60_000)).toBe(false);
});
