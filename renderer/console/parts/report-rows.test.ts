import { expect, test } from 'vitest';
import { isMoment, reportRows } from './report-rows.ts';

test('a report is read in rows: words for names, numbers as they are written here, what is inside on rows of its own, and nothing of what says nothing', () => {
  const report = {
    givenUp: 1200,
    oldest: null,
    takenAt: '2026-12-02T08:00:00.000Z',
    photos: { removed: 0, notRetained: { old: 3 } },
    codes: ['a', 'b'],
    none: [],
    pairs: [{ size: 2 }],
    rules: [
      { kind: 'photosOfLeavers', removed: 2, held: 0 },
      { kind: 'gps', removed: 0, failed: null },
    ],
    stored: true,
    full: false,
  };
  expect(reportRows(report)).toEqual([
    ['Given up', '1,200'],
    ['Taken at', '2026-12-02T08:00:00.000Z'],
    ['Photos, not retained, old', '3'],
    ['Codes', 'a, b'],
    ['Pairs, 1, size', '2'],
    ['Rules, photos of leavers, removed', '2'],
    ['Stored', 'true'],
  ]);
  expect(reportRows({ removed: 0, oldest: null, codes: [] })).toEqual([]);
  expect(isMoment('2026-12-02T08:00:00.000Z')).toBe(true);
  expect(isMoment('2026-12-02')).toBe(false);
});
