import { describe, expect, test } from 'vitest';
import { dueNow, type Item, isQuiet } from './alerts-rules.ts';

const NIGHT = { from: '22:00', to: '06:30', timeZone: 'Europe/Berlin' };
const quiet = (at: string, of = NIGHT) => isQuiet(of, new Date(at));

describe('quiet hours', () => {
  test('go by the wall, over midnight or within a day, also in the nights in which clocks are changed', () => {
    // Winter: +1; in the night to 29 March clocks go from 02:00 to 03:00; in that to 25 October from 03:00 to 02:00.
    for (const [begins, ends] of [
      ['2026-01-10T21:00:00Z', '2026-01-11T05:30:00Z'],
      ['2026-03-28T21:00:00Z', '2026-03-29T04:30:00Z'],
      ['2026-07-10T20:00:00Z', '2026-07-11T04:30:00Z'],
      ['2026-10-24T20:00:00Z', '2026-10-25T05:30:00Z'],
    ] as const) {
      const at = (text: string, ms: number) => new Date(Date.parse(text) + ms).toISOString();
      expect(
        [at(begins, -1), begins, at(ends, -1), ends].map((one) => quiet(one)),
        begins,
      ).toEqual([false, true, true, false]);
    }
    const noon = { ...NIGHT, from: '12:00', to: '13:00' };
    expect(['10:59:59Z', '11:00:00Z', '11:59:59Z', '12:00:00Z'].map((t) => quiet(`2026-01-10T${t}`, noon))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('that end at a time that is left out end when it is; at one that comes twice, the first time', () => {
    const until = { ...NIGHT, to: '02:30' };
    expect([quiet('2026-03-29T00:59:59Z', until), quiet('2026-03-29T01:00:00Z', until)]).toEqual([true, false]);
    expect([quiet('2026-10-25T00:29:59Z', until), quiet('2026-10-25T00:30:00Z', until)]).toEqual([true, false]);
    expect(quiet('2026-10-25T01:10:00Z', until), 'the wall shows 02:10 for the second time').toBe(false);
  });
});

describe('what is due', () => {
  const NOW = new Date('2026-07-20T10:00:00Z');
  const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);
  const item = (id: string, code: string, more: Partial<Item> = {}): Item => ({
    id,
    kind: 'kiosk',
    code,
    device: null,
    sites: null,
    at: NOW,
    absent_at: null,
    closed_at: null,
    ...more,
  });
  const due = (items: Item[], sent: Record<string, Date> = {}, o: { quiet?: boolean; sentAt?: Date } = {}) => {
    const found = dueNow(items, new Map(Object.entries(sent)), { quiet: false, sentAt: null, ...o }, NOW);
    return Object.fromEntries(
      Object.entries<readonly Item[]>({ ...found }).map(([part, list]) => [part, list.map(({ id }) => id).join()]),
    );
  };
  const nothing = { urgent: '', opened: '', still: '', closed: '' };

  test('what is urgent at once; the rest not in quiet hours, nor within an hour of a mail', () => {
    const items = [item('camera', 'camera-bad'), item('hot', 'hot')];
    expect(due(items)).toEqual({ ...nothing, urgent: 'camera', opened: 'hot' });
    expect(due(items, {}, { quiet: true })).toEqual({ ...nothing, urgent: 'camera' });
    expect(due(items, {}, { sentAt: hoursAgo(0.9) })).toEqual({ ...nothing, urgent: 'camera' });
    expect(due(items, {}, { sentAt: hoursAgo(1) })).toEqual({ ...nothing, urgent: 'camera', opened: 'hot' });
  });

  test('what was mailed is mailed again only if it is urgent, once a day; that it is over, only if it was mailed', () => {
    const items = [item('camera', 'camera-bad'), item('hot', 'hot')];
    expect(due(items, { camera: hoursAgo(23.9), hot: hoursAgo(99) })).toEqual(nothing);
    expect(due(items, { camera: hoursAgo(24), hot: hoursAgo(99) })).toEqual({ ...nothing, still: 'camera' });
    const over = { absent_at: hoursAgo(1), closed_at: hoursAgo(0.5) };
    const closed = [item('mailed', 'hot', over), item('unsent', 'camera-bad', over)];
    expect(due(closed, { mailed: hoursAgo(3) })).toEqual({ ...nothing, closed: 'mailed' });
    expect(due(closed, { mailed: hoursAgo(3) }, { quiet: true })).toEqual(nothing);
    // Off the list for a moment: neither there nor over.
    expect(due([item('camera', 'camera-bad', { absent_at: hoursAgo(0.01) })])).toEqual(nothing);
  });
});
