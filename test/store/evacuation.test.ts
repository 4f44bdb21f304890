import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createEvacuation } from '../../electron/core/evacuation/service.ts';
import { startRetention } from '../../electron/core/retention/retention.ts';
import { createPresenceBoard } from '../../electron/core/roster/presence.ts';
import type { RosterPage } from '../../electron/core/store/roster.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { MAX_PRESENCE } from '../../sync/protocol/wire/changes.ts';
import { codeOf, heldClock, newFolder, openKiosk } from './kiosk.ts';
import { aCheckin, aPerson } from './samples.ts';

/* The evacuation list over a real store: its own records and those from the server, across restarts and without a network. */

const NOON = Date.parse('2026-12-01T12:00:00.000Z');
const HOUR = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

function newEvacuation(store: SqlStore, clock: { now(): number }) {
  const session = { token: 'staff', listeners: [] as (() => void)[] };
  const evacuation = createEvacuation({
    store,
    site: { site: 'Werk Nord' },
    server: () => true,
    now: () => clock.now(),
    staff: {
      require(token) {
        if (token !== session.token) throw new Problem('staff-locked');
        return { member: null, actor: null };
      },
      onLock: (listener) => void session.listeners.push(listener),
    },
    changed: () => undefined,
    log: () => undefined,
  });
  const lock = () => {
    for (const listener of session.listeners) listener();
  };
  return { evacuation, lock };
}

const page = (rest: Partial<RosterPage>): RosterPage => ({
  whole: false,
  more: false,
  cursor: 'c',
  changes: [],
  ...rest,
});
const token = 'staff';
const health = (store: SqlStore) =>
  store.outbox
    .pending(100)
    .filter(({ header }) => header.type === 'health')
    .map(({ header }) => header.open as { code: string; detail: object })
    .filter(({ code }) => code.startsWith('evacuation'));

async function site(clock = heldClock(NOON)) {
  const home = newFolder();
  const store = await openKiosk(home, {}, { clock });
  const add = async (name: string) => (await store.people.add(aPerson({ name }))).id;
  const people = { ann: await add('Ann'), bea: await add('Bea'), cem: await add('Cem'), dana: await add('Dana') };
  return { home, clock, store, ...people };
}

test('who is inside follows from the newest of each person’s local records and those the server sent', async () => {
  const { store, clock, ann, bea, cem, dana } = await site();
  await store.checkins.record(aCheckin(ann));
  await store.checkins.record(aCheckin(bea));
  const void1 = await store.checkins.record(aCheckin(dana));
  store.checkins.void(void1.id, 'not-me');
  await store.roster.apply(
    page({
      presence: [
        { person: ann, direction: 'in', at: iso(NOON - HOUR) }, // older than the record made here
        { person: bea, direction: 'out', at: iso(NOON + 1_000) }, // left by another door
        { person: cem, direction: 'in', at: iso(NOON - 2 * HOUR) },
        { person: randomUUID(), direction: 'in', at: iso(NOON) }, // a person whose name this kiosk doesn't have
      ],
      kiosks: [{ device: randomUUID(), name: 'East', heardAt: iso(NOON - 20_000) }],
    }),
  );
  const { evacuation } = newEvacuation(store, clock);
  const list = await evacuation.evacuationOpen({ token });
  expect(list.people.map(({ name, cameAt, here }) => [name, cameAt, here])).toEqual([
    ['Ann', iso(NOON), true],
    ['Cem', iso(NOON - 2 * HOUR), false],
  ]);
  expect(list.kiosks.map(({ name, late }) => [name, late])).toEqual([
    ['Werk Nord', false],
    ['East', false],
  ]);
  clock.time += 25 * HOUR;
  expect((await evacuation.evacuationList({ token })).people).toEqual([]);
});

test('a record voided at another kiosk takes nobody off the list: the server sends what counts instead', async () => {
  const { store, clock, ann, bea } = await site();
  await store.checkins.record(aCheckin(bea));
  const said = (presence: RosterPage['presence']) => store.roster.apply(page({ presence: presence! }));
  await said([
    { person: ann, direction: 'in', at: iso(NOON - HOUR) },
    { person: bea, direction: 'out', at: iso(NOON + 1_000) },
  ]);
  await said([{ person: ann, direction: 'out', at: iso(NOON - 1_000) }]);
  const { evacuation } = newEvacuation(store, clock);
  const names = async () => (await evacuation.evacuationList({ token })).people.map(({ name }) => name);
  await evacuation.evacuationOpen({ token });
  expect(await names()).toEqual([]);
  await said([
    { person: ann, direction: 'in', at: iso(NOON - HOUR) },
    { person: bea, direction: 'in', at: iso(NOON) },
  ]);
  expect(await names()).toEqual(['Ann', 'Bea']);
});

test('a kiosk moved to another site deletes who was inside at the previous site’s other doors', async () => {
  const { store, clock, ann, bea } = await site();
  const board = createPresenceBoard();
  await store.roster.apply(page({ presence: [{ person: ann, direction: 'in', at: iso(NOON - HOUR) }] }));
  board.note([{ person: ann, direction: 'in', at: iso(NOON - HOUR) }], false);
  // Both belong to the new site too; its server's first answer is a snapshot.
  const of = (id: string) =>
    ({ kind: 'person', person: id, name: 'N', number: null, language: 'en', gpsOptOut: false }) as const;
  const presence: RosterPage['presence'] = [{ person: bea, direction: 'in', at: iso(NOON - 2 * HOUR) }];
  const { complete } = await store.roster.apply(
    page({ whole: true, first: true, changes: [ann, bea].map(of), presence }),
  );
  board.note(presence, complete);
  const { evacuation } = newEvacuation(store, clock);
  expect((await evacuation.evacuationOpen({ token })).people.map(({ person }) => person)).toEqual([bea]);
  expect([board.last(ann), board.newest()]).toEqual([null, iso(NOON - 2 * HOUR)]);
});

test('a kiosk with a dead clock that knows the server’s time places its own records correctly', async () => {
  const clock = heldClock(0);
  clock.trustedOffset = NOON;
  const { store, ann, bea, cem } = await site(clock);
  await store.checkins.record(aCheckin(ann));
  await store.checkins.record(aCheckin(bea));
  await store.checkins.record(aCheckin(cem, { open: { ...aCheckin(cem).open, direction: 'out' } }));
  await store.roster.apply(
    page({
      presence: [
        { person: bea, direction: 'out', at: iso(NOON + 1_000) },
        { person: cem, direction: 'in', at: iso(NOON - HOUR) },
      ],
    }),
  );
  const { evacuation } = newEvacuation(store, { now: () => clock.now() + clock.offset() });
  const people = async () =>
    (await evacuation.evacuationList({ token })).people.map(({ name, cameAt, here }) => [name, cameAt, here]);
  expect(store.outbox.oldestAt()).toBe(iso(NOON));
  await evacuation.evacuationOpen({ token });
  expect(await people()).toEqual([['Ann', iso(NOON), true]]);
  // The clock is corrected: earlier records keep their place.
  clock.trustedOffset = 0;
  clock.time = NOON + HOUR;
  expect(await people()).toEqual([['Ann', iso(NOON), true]]);
});

test('an evacuation survives a restart without a network, with the people accounted for', async () => {
  const { home, store, clock, ann, cem } = await site();
  await store.checkins.record(aCheckin(ann));
  await store.roster.apply(page({ presence: [{ person: cem, direction: 'in', at: iso(NOON - HOUR) }] }));
  const before = newEvacuation(store, clock).evacuation;
  await before.evacuationOpen({ token });
  await before.evacuationBegin({ token });
  await before.evacuationAccount({ token, person: cem, accounted: true });
  store.close();

  const again = await openKiosk(home, {}, { clock });
  expect(createPresenceBoard(again.presence.elsewhere()).last(cem)).toEqual({ direction: 'in', at: NOON - HOUR });
  const { evacuation } = newEvacuation(again, clock);
  const list = await evacuation.evacuationOpen({ token });
  expect(list.startedAt).toBe(iso(NOON));
  expect(list.people.map(({ name, accountedAt }) => [name, accountedAt])).toEqual([
    ['Ann', null],
    ['Cem', iso(NOON)],
  ]);
  await evacuation.evacuationAccount({ token, person: cem, accounted: false });
  expect((await evacuation.evacuationList({ token })).people.map(({ accountedAt }) => accountedAt)).toEqual([
    null,
    null,
  ]);
});

test('opening, starting and ending report only numbers to the server, and no session sees the list unreported', async () => {
  const { store, clock, ann } = await site();
  await store.checkins.record(aCheckin(ann));
  const { evacuation, lock } = newEvacuation(store, clock);
  expect(await codeOf(() => evacuation.evacuationList({ token }))).toBe('evacuation-not-open');
  expect(await codeOf(() => evacuation.evacuationOpen({ token: 'stranger' }))).toBe('staff-locked');
  await evacuation.evacuationOpen({ token });
  expect(await codeOf(() => evacuation.evacuationAccount({ token, person: ann, accounted: true }))).toBe(
    'evacuation-not-started',
  );
  await evacuation.evacuationBegin({ token });
  await evacuation.evacuationAccount({ token, person: ann, accounted: true });
  await evacuation.evacuationEnd({ token });
  expect(health(store)).toEqual([
    { code: 'evacuation-opened', detail: { inside: 1, accounted: 0, lateKiosks: 0 } },
    { code: 'evacuation-started', detail: { inside: 1, accounted: 0, lateKiosks: 0 } },
    { code: 'evacuation-ended', detail: { inside: 1, accounted: 1, lateKiosks: 0 } },
  ]);
  expect((await evacuation.evacuationList({ token })).people[0]?.accountedAt).toBeNull();
  lock();
  expect(await codeOf(() => evacuation.evacuationList({ token }))).toBe('evacuation-not-open');
});

test('nothing stays about where a person was once they are erased or leave the site', async () => {
  const { store, ann, cem } = await site();
  const rows = () =>
    (['presence', 'accounted'] as const).map(
      (table) => store.session.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number,
    );
  await store.roster.apply(
    page({
      presence: [ann, cem].map((person) => ({ person, direction: 'in', at: iso(NOON) })),
    }),
  );
  store.presence.beginEvacuation(
    { id: randomUUID(), startedAt: iso(NOON) },
    { code: 'evacuation-started', detail: {} },
  );
  store.presence.account(ann, true, iso(NOON));
  store.presence.account(cem, true, iso(NOON));
  expect(rows()).toEqual([2, 2]);
  await store.roster.apply(page({ changes: [{ kind: 'erase', request: randomUUID(), person: ann }] }));
  expect(rows()).toEqual([1, 1]);
  await store.roster.apply(page({ changes: [{ kind: 'removed', person: cem }] }));
  expect(rows()).toEqual([0, 0]);
});

test('if the server could not name everyone, the list says from which period someone may be missing', async () => {
  const { store, clock, cem } = await site();
  const others = Array.from({ length: MAX_PRESENCE - 1 }, (_, i) => ({
    person: randomUUID(),
    direction: 'in' as const,
    at: iso(NOON - i * 1_000),
  }));
  const oldest = iso(NOON - 2 * HOUR);
  await store.roster.apply(page({ presence: [...others, { person: cem, direction: 'in', at: oldest }] }));
  const { evacuation } = newEvacuation(store, clock);
  expect((await evacuation.evacuationOpen({ token })).cutBefore).toBe(oldest);
  clock.time += 23 * HOUR;
  expect((await evacuation.evacuationList({ token })).cutBefore).toBeNull();
});

test('an evacuation nobody ended ends after a day, also without a server, and its marks are deleted', async () => {
  const { store, clock, ann } = await site();
  await store.checkins.record(aCheckin(ann));
  const { evacuation } = newEvacuation(store, clock);
  await evacuation.evacuationOpen({ token });
  await evacuation.evacuationBegin({ token });
  await evacuation.evacuationAccount({ token, person: ann, accounted: true });
  const ticked = () =>
    startRetention({ store, site: { photoDays: 90, gpsDays: 30 }, log: () => undefined, clock }).stop();
  clock.pass(24 * HOUR - 1);
  ticked();
  expect((await evacuation.evacuationList({ token })).startedAt).toBe(iso(NOON));
  clock.pass(1);
  ticked();
  expect((await evacuation.evacuationList({ token })).startedAt).toBeNull();
  expect(store.session.db.prepare('SELECT count(*) FROM accounted').pluck().get()).toBe(0);
  expect(health(store).at(-1)).toMatchObject({ code: 'evacuation-ended' });
  await store.checkins.record(aCheckin(ann));
  await evacuation.evacuationBegin({ token });
  expect((await evacuation.evacuationList({ token })).people.map(({ accountedAt }) => accountedAt)).toEqual([null]);
});

test('someone marked safe in an evacuation that has ended is missing again in the next', async () => {
  const { store, clock, ann, cem } = await site();
  const evacuation = (id: string, at: number) =>
    store.roster.apply(page({ changes: [{ kind: 'evacuation', evacuation: { id, startedAt: iso(at) } }] }));
  const seen = () => store.presence.list(iso(NOON - HOUR)).map((one) => [one.person.name, one.accounted !== null]);
  await store.checkins.record(aCheckin(ann));
  await store.checkins.record(aCheckin(cem));
  await evacuation(randomUUID(), NOON);
  store.presence.account(ann, true, iso(NOON + 60_000));
  const marks = store.outbox.marks()[0]!;
  store.outbox.acknowledge(marks.epoch, { committed: marks.made, safe: 0 });
  expect(seen()).toEqual([
    ['Ann', true],
    ['Cem', false],
  ]);
  // The exercise ended and another evacuation began while this kiosk was offline.
  clock.time += HOUR;
  await evacuation(randomUUID(), NOON + HOUR);
  expect(seen()).toEqual([
    ['Ann', false],
    ['Cem', false],
  ]);
  // Begun at two doors, it is one: people seen here in the one that this kiosk began are still marked.
  store.presence.account(cem, true, iso(NOON + HOUR + 60_000));
  const later = store.outbox.marks()[0]!;
  store.outbox.acknowledge(later.epoch, { committed: later.made, safe: 0 });
  await evacuation(randomUUID(), NOON + HOUR);
  expect(seen()).toEqual([
    ['Ann', false],
    ['Cem', true],
  ]);
});
