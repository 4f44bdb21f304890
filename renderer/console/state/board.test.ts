import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Board, BoardRow } from '../../../sync/protocol/api/live.ts';
import { applyBoard, byDay, EMPTY, initialsOf, KEPT_ROWS, latestOf } from './board.ts';
import { agoOf, dayKeyIn, timeIn } from './clock.ts';

const LOG = '55555555-5555-4555-8555-555555555555';
const row = (n: number, change = n, more: Partial<BoardRow> = {}): BoardRow => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  change,
  at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
  receivedAt: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
  direction: 'in',
  method: 'face',
  liveness: 'off',
  name: `Person ${n}`,
  person: null,
  device: LOG,
  voided: null,
  ...more,
});
const message = (rows: BoardRow[], whole = false, log = LOG): Board => ({
  log,
  position: Math.max(0, ...rows.map((r) => r.change)),
  whole,
  rows,
  counts: { inToday: 0, insideNow: 0, recordsToday: 0 },
  devices: [],
  site: { name: 'S', timeZone: 'UTC' },
  serverTime: '2026-01-01T00:00:00.000Z',
});

describe('the board on the page', () => {
  test('ends up the same in whatever order, and however often, messages arrive', () => {
    const updates = [row(1), row(2), row(3), row(2, 4, { voided: 'not-me' }), row(1, 5, { name: 'Ada' })];
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (order) => {
        const all = [...order, 0, 1, 2, 3, 4];
        const state = all.reduce((s, i) => applyBoard(s, message([updates[i]!]), 0), EMPTY);
        expect(state.rows.map((r) => r.change)).toEqual([3, 4, 5]);
        expect(state.position).toBe(5);
      }),
    );
  });

  test('starts again on request, and never grows without bound', () => {
    const many = applyBoard(
      EMPTY,
      message(
        Array.from({ length: KEPT_ROWS + 50 }, (_, i) => row(i + 1)),
        true,
      ),
      0,
    );
    expect(many.rows).toHaveLength(KEPT_ROWS);
    expect(many.rows[0]!.change).toBe(KEPT_ROWS + 50);
    const restarted = applyBoard(many, message([row(1, 1)], true, LOG.replace('5', '6')), 0);
    expect(restarted.rows).toHaveLength(1);
    expect(restarted.position).toBe(1);
  });

  test('marks rows as fresh that arrive while it watches, but not earlier ones', () => {
    const first = applyBoard(EMPTY, message([row(1)], true), 0);
    expect(first.fresh.size).toBe(0);
    const next = applyBoard(first, message([row(1, 2, { voided: 'staff' }), row(3)]), 0);
    expect([...next.fresh]).toEqual([row(3).id]);
  });

  test('finds the latest record that counts', () => {
    const state = applyBoard(EMPTY, message([row(1), row(2, 2, { voided: 'not-me' })], true), 0);
    expect(latestOf(state)?.id).toBe(row(1).id);
  });

  test('keeps the server’s clock', () => {
    expect(applyBoard(EMPTY, message([], true), Date.UTC(2026, 0, 1) + 5000).clockOffset).toBe(-5000);
  });
});

test('days follow the site’s time zone, across midnight and summer time', () => {
  const rows = ['2026-03-29T00:30:00.000Z', '2026-03-28T23:30:00.000Z', '2026-03-28T22:30:00.000Z'].map((at, i) =>
    row(i, i, { at }),
  );
  expect(byDay(rows, (at) => dayKeyIn(at, 'Europe/Berlin')).map((d) => [d.day, d.rows.length])).toEqual([
    ['2026-03-29', 2],
    ['2026-03-28', 1],
  ]);
  expect(timeIn('2026-03-29T00:59:00.000Z', 'Europe/Berlin', 'de')).toBe('01:59');
  expect(timeIn('2026-03-29T01:00:00.000Z', 'Europe/Berlin', 'de')).toBe('03:00');
});

test('an age is given in one unit', () => {
  expect([0, 61_000, 7_200_000, 172_800_000].map((ms) => agoOf(ms, 'en'))).toEqual([
    'now',
    '1 minute ago',
    '2 hours ago',
    '2 days ago',
  ]);
  expect(agoOf(-5000, 'de')).toBe('jetzt');
});

test('a time that rounds up to the next unit is shown in that unit', () => {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  const just = [minute - second, minute - 1, hour - 31 * second, hour - second, 23.4 * hour, 23.6 * hour, 24 * hour];
  expect(just.map((ms) => agoOf(ms, 'en'))).toEqual([
    '59 seconds ago',
    '1 minute ago',
    '59 minutes ago',
    '1 hour ago',
    '23 hours ago',
    'yesterday',
    'yesterday',
  ]);
});

test('initials are letters of the name’s own script, at most two', () => {
  expect(['Ada Lovelace', 'Jürgen von der Heide', 'Élodie', '王 小明', '  ', '42 Éa'].map(initialsOf)).toEqual([
    'AL',
    'JH',
    'É',
    '王小',
    '',
    'É',
  ]);
});
