import { expect, test } from 'vitest';
import { isMoment, reportRows } from './report-rows.ts';

test('a report is read in rows: words for names, numbers as they are written here, what is inside on rows of its own', () => {
  const report = {
    givenUp: 1200,
    oldest: null,
    takenAt: '2026-12-02T08:00:00.000Z',
    photos: { removed: 0, notRetained: { old: 3 } },
    codes: ['a', 'b'],
    none: [],
    pairs: [{ size: 2 }],
    stored: true,
  };
  expect(reportRows(report)).toEqual([
    ['Given up', '1,200'],
    ['Oldest', '–'],
    ['Taken at', '2026-12-02T08:00:00.000Z'],
    ['Photos, removed', '0'],
    ['Photos, not retained, old', '3'],
    ['Codes', 'a, b'],
    ['None', '–'],
    ['Pairs', '{"size":2}'],
    ['Stored', 'true'],
  ]);
  expect(isMoment('2026-12-02T08:00:00.000Z')).toBe(true);
  expect(isMoment('2026-12-02')).toBe(false);
});
