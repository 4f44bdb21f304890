import { expect, test } from 'vitest';
import { printedRandom } from '../../../../test/chance.ts';
import { nameFit, partsOf } from '../../../protocol/api/matching.ts';
import { NameIndex, type SortedPlace } from './name-index.ts';

const PARTS = ['Anna', 'Hanna', 'Anne', 'Müller', 'Mueller', 'Katharina', 'Catarina', 'Łukasz', 'أحمد', '王秀英', 'de'];

const page = (
  index: NameIndex,
  after: SortedPlace | null,
  limit: number,
  o: { among?: Set<string>; down?: boolean } = {},
) => index.sorted({ after, limit, among: null, down: false, ...o });

test('the index finds and sorts like a scan of all names, after any changes', () => {
  const random = printedRandom('names');
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const names = new Map<string, string>();
  const index = new NameIndex();
  const plainSort = () =>
    [...names].sort(([a, one], [b, other]) => {
      const [x, y] = [one, other].map((name) => partsOf(name).join(' ') || '\u{10FFFF}') as [string, string];
      return x < y ? -1 : x > y ? 1 : a < b ? -1 : 1;
    });
  for (let version = 1; version <= 600; version++) {
    const id = `p${String(Math.floor(random() * 60)).padStart(2, '0')}`;
    if (random() < 0.2) {
      index.delete(id);
      names.delete(id);
    } else {
      const name = Array.from({ length: Math.floor(random() * 4) }, () => pick(PARTS)).join(' ');
      index.set(id, version, name);
      names.set(id, name);
    }
    const typed = Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
      const word = pick(PARTS);
      return random() < 0.5 ? word : word.slice(0, 1 + Math.floor(random() * word.length));
    }).join(' ');
    const sorted = plainSort();
    const found = sorted
      .map(([person, name], rank) => ({ person, rank, fit: nameFit(partsOf(name), [...new Set(partsOf(typed))]) }))
      .filter(({ fit }) => fit > 0)
      .sort((a, b) => b.fit - a.fit || a.rank - b.rank)
      .map(({ person }) => person);
    expect([typed, index.find(typed, 5)]).toEqual([typed, found.slice(0, 5)]);
    expect(page(index, null, 1000).map((p) => p.id)).toEqual(sorted.map(([person]) => person));
    expect(index.size).toBe(names.size);
  }
});

test('a page continues after the last person of the one before, even if they were removed', () => {
  const index = new NameIndex();
  for (const [i, name] of ['Ada', 'Bea', 'Cem', 'Dora'].entries()) index.set(`p${i}`, 1, name);
  const [, last] = page(index, null, 2);
  expect(last!.id).toBe('p1');
  expect(page(index, last!, 2).map((p) => p.id)).toEqual(['p2', 'p3']);
  index.delete('p1');
  expect(page(index, last!, 2).map((p) => p.id)).toEqual(['p2', 'p3']);
  expect(page(index, null, 9, { among: new Set(['p3', 'p0']) }).map((p) => p.id)).toEqual(['p0', 'p3']);
  const down = { down: true };
  expect(page(index, null, 2, down).map((p) => p.id)).toEqual(['p3', 'p2']);
  expect(page(index, { id: 'p2', rank: 1 }, 2, down).map((p) => p.id)).toEqual(['p0']);
  expect(page(index, { id: 'p1', rank: 1 }, 2, down).map((p) => p.id)).toEqual(['p0']);
});

test('a removed person is not found by any word of their name', () => {
  const index = new NameIndex();
  index.set('p1', 1, 'Ada Lovelace');
  index.set('p2', 1, 'Ada Byron');
  index.set('p1', 2, 'Ada King');
  expect(index.find('lovelace', 5)).toEqual([]);
  expect(index.find('ada', 5)).toEqual(['p2', 'p1']);
  index.delete('p2');
  expect(index.find('ada', 5)).toEqual(['p1']);
  expect(index.find('byron', 5)).toEqual([]);
});
