import { expect, test } from 'vitest';
import { axisLabels, axisRange, barSteps } from './chart-axis.ts';

const HOUR = 3_600_000;
const NOON = Date.parse('2026-11-26T12:00:00Z');

test('an axis runs from the first to the last number, with space for the bars at its ends', () => {
  expect(axisRange([NOON, NOON + HOUR, NOON + 5 * HOUR], HOUR, true)).toEqual([NOON - HOUR, NOON + 6 * HOUR]);
  expect(axisRange([70, 75, 80], 5, false)).toEqual([65, 85]);
  expect(axisRange([NOON, NOON + 5 * HOUR], undefined, true)).toEqual([NOON, NOON + 5 * HOUR]);
});

test('a single number, as on the first day, is surrounded by hours, not years', () => {
  expect(axisRange([NOON], HOUR, true)).toEqual([NOON - HOUR, NOON + HOUR]);
  expect(axisRange([NOON], undefined, true)).toEqual([NOON - HOUR, NOON + HOUR]);
  expect(axisRange([90], undefined, false)).toEqual([89, 91]);
});

test('at the start of a day its date replaces 00:00, by the site’s clock', () => {
  const night = Date.parse('2026-11-25T23:00:00Z'); // midnight in Berlin
  expect(axisLabels([night - HOUR, night, night + HOUR], 10 * HOUR, 'Europe/Berlin', 'en')).toEqual([
    '23:00',
    '26/11/2026',
    '01:00',
  ]);
  expect(axisLabels([NOON, NOON + 48 * HOUR], 96 * HOUR, 'UTC', 'en')).toEqual(['26/11/2026', '28/11/2026']);
});

test('an axis under hourly bars has no step shorter than an hour', () => {
  expect(Math.min(...barSteps(HOUR))).toBe(HOUR);
});
