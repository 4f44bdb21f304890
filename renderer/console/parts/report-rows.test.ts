import { beforeAll, expect, test } from 'vitest';
import { initI18n } from '../../shared/i18n.ts';
import { ENGLISH } from '../i18n.ts';
import { isMoment, reportRows } from './report-rows.ts';

beforeAll(() => initI18n({ en: ENGLISH }, 'en'));

test('a report becomes rows of text: nested values get rows of their own, empty values none', () => {
  const report = {
    kiosksOwingPurges: 1200,
    oldest: null,
    takenAt: '2026-12-02T08:00:00.000Z',
    photos: { removed: 0, stored: 3 },
    none: [],
    pairs: [{ versions: 2 }, null],
    rules: [
      { kind: 'leavers', removed: 2, held: 0 },
      { kind: 'gps', removed: 0, failed: null },
    ],
    waiting: { 'legal-hold': 2 },
    waitsFor: 'kiosks',
    done: true,
    over: false,
  };
  expect(reportRows(report)).toEqual([
    ['Kiosks with overdue deletions', '1,200'],
    ['Taken', '2026-12-02T08:00:00.000Z'],
    ['Photos · Stored', '3'],
    ['Pairs · 1 · Stored versions', '2'],
    ['Rules · People without a site · Removed', '2'],
    ['Waiting for · a legal hold', '2'],
    ['Waiting for', 'Kiosks'],
    ['Done', 'Yes'],
  ]);
  expect(reportRows({ removed: 0, oldest: null, pairs: [null] })).toEqual([]);
  expect(isMoment('2026-12-02T08:00:00.000Z')).toBe(true);
  expect(isMoment('2026-12-02')).toBe(false);
});

test('fields and codes of a newer server are spelled out', () => {
  expect(reportRows({ lostAndFound: { newThing: 1 }, codes: ['brand-new', 'kiosks'] })).toEqual([
    ['Lost and found · new thing', '1'],
    ['Codes', 'brand-new, Kiosks'],
  ]);
});
