import { describe, expect, test } from 'vitest';
import { dueNow, type Item } from './alerts-rules.ts';

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
