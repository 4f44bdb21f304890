import { expect, test } from 'vitest';
import type { Person } from '../store/interface.ts';
import type { Whereabouts } from '../store/presence.ts';
import { inside, knownAsOf, LATE_MS } from './rules.ts';

const NOW = Date.parse('2026-12-01T12:00:00.000Z');
const record = (name: string, direction: 'in' | 'out', accounted: Whereabouts['accounted'] = null): Whereabouts => ({
  person: { id: name, name, number: null } as Person,
  direction,
  at: '2026-12-01T08:00:00.000Z',
  here: true,
  accounted,
});

test('a person who went out is not inside; missing people come first, by name; the others show who saw them', () => {
  const at = '2026-12-01T11:59:00.000Z';
  const site = { own: 'own', kiosks: [{ device: 'east', name: 'East', heardAt: null }] };
  const people = inside(
    [
      record('Zoë', 'in'),
      record('Ann', 'in', { at, device: 'own' }),
      record('Bea', 'out'),
      record('Äbi', 'in'),
      record('Cem', 'in', { at, device: 'east' }),
      record('Dan', 'in', { at, device: null }),
      record('Eva', 'in', { at, device: 'gone' }),
    ],
    site,
  );
  expect(people.map(({ name, accountedBy }) => [name, accountedBy?.where, accountedBy?.name])).toEqual([
    ['Äbi', undefined, undefined],
    ['Zoë', undefined, undefined],
    ['Ann', 'here', ''],
    ['Cem', 'kiosk', 'East'],
    ['Dan', 'console', ''],
    ['Eva', 'kiosk', ''],
  ]);
});

test('this kiosk is known as of now, others as of when the server last heard from them, and a silent one is late', () => {
  const ago = (ms: number) => new Date(NOW - ms).toISOString();
  const kiosks = [
    { device: 'east', name: 'East', heardAt: ago(20_000) },
    { device: 'own', name: 'West', heardAt: ago(400_000) },
    { device: 'dock', name: 'Dock', heardAt: ago(LATE_MS + 1) },
    { device: 'new', name: 'New', heardAt: null },
  ];
  expect(knownAsOf(kiosks, { device: 'own', name: 'Site' }, NOW)).toEqual([
    { device: 'own', name: 'West', own: true, knownAsOf: ago(0), late: false },
    { device: 'east', name: 'East', own: false, knownAsOf: ago(20_000), late: false },
    { device: 'dock', name: 'Dock', own: false, knownAsOf: ago(LATE_MS + 1), late: true },
    { device: 'new', name: 'New', own: false, knownAsOf: null, late: true },
  ]);
});

test('a kiosk without a server knows only itself', () => {
  expect(knownAsOf([], { device: 'own', name: 'Site' }, NOW)).toMatchObject([{ name: 'Site', own: true }]);
});
