import { expect, test } from 'vitest';
import { bornOn, type Guardian, NO_GUARDIAN, wrongWith } from './guardian.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const on = (day: string, month: string, year: string): Guardian => ({ ...NO_GUARDIAN, day, month, year });

test('a date of birth must exist in the calendar, with or without leading zeros', () => {
  expect(bornOn(on('3', '7', '2012'))).toBe('2012-07-03');
  expect(bornOn(on('29', '02', '2012'))).toBe('2012-02-29');
  for (const wrong of [on('29', '2', '2013'), on('31', '4', '2012'), on('0', '1', '2012'), on('1', '13', '2012')])
    expect(bornOn(wrong)).toBeNull();
  for (const wrong of [on('1', '1', '12'), on('', '1', '2012'), on('x', '1', '2012'), on('1', '1', '-012')])
    expect(bornOn(wrong)).toBeNull();
});

test('reports the first error, and none for a minor with a guardian', () => {
  const right = { ...on('24', '11', '2012'), name: 'Kim', relation: 'mother' };
  expect(wrongWith(right, 18, NOW)).toBeNull();
  expect(wrongWith(NO_GUARDIAN, 18, NOW)?.key).toBe('enrol.bornWrong');
  expect(wrongWith({ ...right, name: '\u200b' }, 18, NOW)).toEqual({ key: 'enrol.nameUnreadable', field: 'name' });
  expect(wrongWith({ ...right, year: '2027' }, 18, NOW)?.key).toBe('enrol.error.birth-in-future');
  // The day on which they come of age is already an adult's.
  expect(wrongWith({ ...right, year: '2008' }, 18, NOW)?.key).toBe('enrol.error.not-a-minor');
  expect(wrongWith({ ...right, day: '25', year: '2008' }, 18, NOW)).toBeNull();
  // While the machine's clock is wrong, only the core judges the age, by trusted time.
  for (const year of ['2008', '2027']) expect(wrongWith({ ...right, year }, 18, null)).toBeNull();
  expect(wrongWith({ ...right, year: '2012' }, 14, NOW)?.key).toBe('enrol.error.not-a-minor');
  expect(wrongWith({ ...right, name: ' ' }, 18, NOW)).toEqual({ key: 'enrol.guardianMissing', field: 'name' });
  expect(wrongWith({ ...right, relation: '' }, 18, NOW)).toEqual({ key: 'enrol.relationMissing', field: 'relation' });
});
