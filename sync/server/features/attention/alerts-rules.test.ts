import { describe, expect, test } from 'vitest';
import { dueNow, type Item } from './alerts-rules.ts';

describe('alerts that are due', () => {
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

  test('urgent items are mailed at once, others not in quiet hours or within an hour of the last mail', () => {
    const items = [item('camera', 'camera-bad'), item('hot', 'hot')];
    expect(due(items)).toEqual({ ...nothing, urgent: 'camera', opened: 'hot' });
    expect(due(items, {}, { quiet: true })).toEqual({ ...nothing, urgent: 'camera' });
    expect(due(items, {}, { sentAt: hoursAgo(0.9) })).toEqual({ ...nothing, urgent: 'camera' });
    expect(due(items, {}, { sentAt: hoursAgo(1) })).toEqual({ ...nothing, urgent: 'camera', opened: 'hot' });
  });

  test('only urgent items are mailed again, once a day, and an end is mailed only if the item was', () => {
    const items = [item('camera', 'camera-bad'), item('hot', 'hot')];
    expect(due(items, { camera: hoursAgo(23.9), hot: hoursAgo(99) })).toEqual(nothing);
    expect(due(items, { camera: hoursAgo(24), hot: hoursAgo(99) })).toEqual({ ...nothing, still: 'camera' });
    const over = { absent_at: hoursAgo(1), closed_at: hoursAgo(0.5) };
    const closed = [item('mailed', 'hot', over), item('unsent', 'camera-bad', over)];
    expect(due(closed, { mailed: hoursAgo(3) })).toEqual({ ...nothing, closed: 'mailed' });
    expect(due(closed, { mailed: hoursAgo(3) }, { quiet: true })).toEqual(nothing);
    // An item that has just left the list is neither open nor closed.
    expect(due([item('camera', 'camera-bad', { absent_at: hoursAgo(0.01) })])).toEqual(nothing);
  });
});
