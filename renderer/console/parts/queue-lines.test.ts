import { expect, test } from 'vitest';
import { queueLines } from './queue-lines.ts';

const AT = ['2026-07-20T08:00:00.000Z', '2026-07-20T09:00:00.000Z'] as const;

/** Kiosk n has n events waiting, and twice as many an hour later. */
function linesOf(count: number) {
  const kiosks = Array.from({ length: count }, (_, i) => ({ id: `k${i + 1}`, name: `Kiosk ${i + 1}` }));
  const queue = kiosks.flatMap(({ id }, i) => AT.map((at, h) => ({ kiosk: id, at, depth: (i + 1) * (h + 1) })));
  return queueLines({ kiosks, queue } as unknown as Parameters<typeof queueLines>[0], (n) => `${n} others`).series;
}
const appearances = (lines: ReturnType<typeof linesOf>) =>
  new Set(lines.map(({ color, dash }) => `${color} ${dash}`)).size;

test('no two lines of the queue look the same; with too many kiosks, the fullest get a line each', () => {
  expect([linesOf(5).length, appearances(linesOf(5))]).toEqual([5, 5]);
  expect([linesOf(8).length, appearances(linesOf(8))]).toEqual([8, 8]);
  const many = linesOf(12);
  expect([many.length, appearances(many)]).toEqual([8, 8]);
  expect(many.slice(0, 7).map((line) => line.label)).toEqual([12, 11, 10, 9, 8, 7, 6].map((n) => `Kiosk ${n}`));
  expect(many[7]).toMatchObject({ label: '5 others', values: [15, 30] });
});
