import { expect, test } from 'vitest';
import { printedSeed } from '../../../test/chance.ts';
import { FEWEST_SCORES } from '../../core/statistics/statistics.ts';
import { demoHistory } from './history.ts';
import { madeUpPerson } from './names.ts';

const now = new Date(2026, 6, 22, 15, 30);
const known = ['0198f3a2-0000-7000-8000-000000000001', '0198f3a2-0000-7000-8000-000000000002'];
const options = { device: known[0]!, epoch: known[1]!, now, recorded: known };
const DAY_MS = 86_400_000;
const chosen = printedSeed('the demo');

const of = (o: Partial<Parameters<typeof demoHistory>[0]> = {}) => {
  const list = demoHistory({ ...options, seed: chosen, ...o });
  const checkins = list.events
    .filter(({ header }) => header.type === 'checkin')
    .map(({ header: { at, open, id }, personal }) => ({
      id,
      at: new Date(at.utc),
      person: personal.person?.value as string,
      ...(open as { direction: string; method: string }),
    }));
  return { list, checkins, byPerson: Map.groupBy(checkins, (c) => c.person) };
};

test('the same seed and moment give the same events, including salts; another seed gives others', () => {
  expect(of({ seed: 7 }).list.events).toEqual(of({ seed: 7 }).list.events);
  expect(of({ seed: 7 }).list.events).not.toEqual(of({ seed: 8 }).list.events);
});

test('covers a month up to now: in order, on working days, some late, one check-out missing, none in the future', () => {
  const { list, checkins, byPerson } = of();
  const times = list.events.map(({ header }) => Date.parse(header.at.utc));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThanOrEqual(now.getTime());
  expect(now.getTime() - checkins[0]!.at.getTime()).toBeGreaterThan(26 * DAY_MS);
  const voided = new Set(list.events.map(({ header }) => (header.open as { target?: string }).target));
  const before = checkins.filter(({ id, at }) => at.toDateString() !== now.toDateString() && !voided.has(id));
  expect(before.filter(({ at }) => [0, 6].includes(at.getDay()))).toEqual([]);
  expect(byPerson.size).toBe(14);
  const first = [...Map.groupBy(before, (c) => `${c.person} ${c.at.toDateString()}`).values()];
  // By the demo's start of work and its grace period.
  const late = first.filter(([c]) => c!.at.getHours() * 60 + c!.at.getMinutes() > 9 * 60 + 15);
  expect(late.length).toBeGreaterThan(3);
  expect(late.length).toBeLessThan(first.length / 4);
  const open = first.filter((day) => day.at(-1)!.direction === 'in');
  expect(open.length).toBe(1);
});

test('nobody without a face checks in by face, and no template is invented', () => {
  const { list, checkins } = of();
  expect(new Set(checkins.filter((c) => c.method === 'face').map((c) => c.person))).toEqual(new Set(known));
  expect(new Set(checkins.map((c) => c.method))).toEqual(new Set(['face', 'number+pin', 'badge', 'qr']));
  expect(list.events.some(({ header }) => header.type === 'template')).toBe(false);
});

test('the kiosk reports every accepted face before today, except when still too few', () => {
  const { list, checkins } = of();
  const reported = list.events.flatMap(({ header: { open } }) =>
    Object.entries((open as { detail?: object }).detail ?? {}),
  );
  const count = (what: string) =>
    reported.filter(([name]) => name.startsWith(what)).reduce((sum, [, n]) => sum + Number(n), 0);
  const faces = checkins.filter(({ method }) => method === 'face').length;
  expect(count('score.')).toBeGreaterThan(faces - FEWEST_SCORES - 2);
  expect(count('score.')).toBeLessThanOrEqual(faces);
  expect(count('wait.')).toBe(count('score.'));
});

test('one record is disputed, and someone is inside at any hour', () => {
  const { list } = of();
  expect(list.events.filter(({ header }) => header.type === 'void')).toHaveLength(1);
  for (let hours = 0; hours < 7 * 24; hours += 5) {
    const { byPerson } = of({ now: new Date(now.getTime() + hours * 3_600_000) });
    const inside = [...byPerson.values()].filter((all) => all.at(-1)!.direction === 'in');
    expect(inside.length).toBeGreaterThanOrEqual(5);
  }
});

test('432 made-up names are different', () => {
  expect(new Set(Array.from({ length: 432 }, (_, i) => madeUpPerson(i).name)).size).toBe(432);
});
