import { expect, test } from 'vitest';
import { seededRandom } from '../bench/harness.ts';
import { postgresUnavailable } from '../services/postgres.ts';
import { faultsOf, slopeLines } from './judge.ts';
import { type MonthReport, soakMonth } from './month.ts';
import { slopeWithInterval } from './slope.ts';

const missing = postgresUnavailable();
if (missing) console.log(missing);

test.skipIf(missing)(
  'the core stays under its memory bar and loses nothing over days of accelerated walk-ups',
  async () => {
    const report = await soakMonth({ days: 4, people: 200, walkups: 40, costly: 16, seed: 1, note: console.log });
    for (const line of slopeLines(report)) console.log(line);
    expect(faultsOf(report)).toEqual([]);
    expect(report.confirmed).toBeGreaterThan(4 * 30);
    expect(report.faces).toBe(4 * 3);
  },
  3_600_000,
);

const month = (resident: (day: number) => number, more: Partial<MonthReport> = {}): MonthReport => {
  const days = Array.from({ length: 30 }, (_, i) => ({
    day: i + 1,
    resident: resident(i + 1) * 1e6,
    ...{ rss: 0, heapUsed: 0, external: 0, arrayBuffers: 0 },
  }));
  const points = days.slice(7).map((one) => [one.day / 30, one.resident / 1e6] as const);
  return {
    ...{
      days,
      people: 10_000,
      faces: 600,
      samples: 12_000,
      confirmed: 9000,
      recorded: 9000,
      waiting: 0,
      trimmed: 100,
      problems: [],
    },
    peak: Math.max(...days.map((one) => one.resident)),
    slopes: { resident: slopeWithInterval(points), heapUsed: null, external: null },
    ...more,
  };
};
const random = seededRandom(3);
/** ±1 MB. */
const noise = () => 2 * random() - 1;

test('a month fails if the core is over its bar, or would be before its restart', () => {
  expect(faultsOf(month(() => 250 + noise()))).toEqual([]);
  expect(faultsOf(month((day) => 250 + day * 0.1 + noise()))).toEqual([]);
  expect(faultsOf(month((day) => 250 + day * 0.7 + noise()))).toEqual([expect.stringContaining('after 6 months')]);
  // With 200 people the limit is lower by the templates of the others.
  expect(faultsOf(month(() => 275 + noise(), { people: 200 }))).toEqual([]);
  expect(faultsOf(month(() => 285 + noise(), { people: 200 }))).toEqual([
    expect.stringContaining('the bar is 280 MB'),
    expect.stringContaining('after 6 months'),
  ]);
  expect(faultsOf(month((day) => (day === 3 ? 301 : 250 + noise())))).toEqual([expect.stringContaining('the bar is')]);
});

test('a month fails if a check-in is missing at the server, events still wait, or none is trimmed', () => {
  const flat = () => 250 + noise();
  expect(faultsOf(month(flat, { recorded: 8999 }))).toHaveLength(1);
  expect(faultsOf(month(flat, { waiting: 1 }))).toHaveLength(1);
  expect(faultsOf(month(flat, { trimmed: 0 }))).toHaveLength(1);
  expect(faultsOf(month(flat, { faces: 0 }))).toHaveLength(1);
  expect(faultsOf(month(flat, { problems: ['chain-broken'] }))).toHaveLength(1);
});
