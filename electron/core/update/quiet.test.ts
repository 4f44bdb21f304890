import { expect, test } from 'vitest';
import { isQuiet, type Wait } from './quiet.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const noon = Date.parse('2026-01-10T12:00:00.000Z');
const night = Date.parse('2026-01-10T02:30:00.000Z');
/** Someone is always in view, but nobody uses the kiosk. */
const poster: Wait = { idleMs: 0, unusedMs: 10 * HOUR, waitedMs: 0, window: null, zone: 'UTC', at: noon };
/** One check-in after another. */
const rush: Wait = { ...poster, unusedMs: 20_000 };
const hours = (from: string, to: string) => ({ from, to, zone: 'UTC' });

test('at first nobody may be in view for a minute', () => {
  expect(isQuiet({ ...poster, idleMs: MINUTE })).toBe(true);
  expect(isQuiet({ ...poster, idleMs: MINUTE - 1 })).toBe(false);
});

test('after four hours a face in view no longer counts, but someone using the kiosk does', () => {
  expect(isQuiet({ ...poster, waitedMs: 4 * HOUR - 1 })).toBe(false);
  expect(isQuiet({ ...poster, waitedMs: 4 * HOUR })).toBe(true);
  expect(isQuiet({ ...poster, waitedMs: 4 * HOUR, unusedMs: MINUTE - 1 })).toBe(false);
});

test('with a maintenance window: after half of it', () => {
  const window = hours('22:00', '00:00');
  expect(isQuiet({ ...poster, window, waitedMs: HOUR - 1 })).toBe(false);
  expect(isQuiet({ ...poster, window, waitedMs: HOUR })).toBe(true);
  // A long window makes no kiosk wait longer than without a window.
  expect(isQuiet({ ...poster, window: hours('08:00', '07:00'), waitedMs: 4 * HOUR })).toBe(true);
});

test('after a day a few seconds between two check-ins are enough, at night by the site’s clock', () => {
  const late: Wait = { ...rush, waitedMs: 24 * HOUR };
  expect(isQuiet({ ...late, at: night })).toBe(true);
  expect(isQuiet({ ...late, at: night, unusedMs: 19_999 })).toBe(false);
  expect(isQuiet({ ...late, at: night, waitedMs: 24 * HOUR - 1 })).toBe(false);
  expect(isQuiet(late)).toBe(false);
  expect(isQuiet({ ...late, at: noon, zone: 'America/Anchorage' })).toBe(true); // 03:00 there
});

test('or in the maintenance window, if there is one, instead of at night', () => {
  expect(isQuiet({ ...rush, waitedMs: 24 * HOUR, window: hours('11:00', '13:00') })).toBe(true);
});
