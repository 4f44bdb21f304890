import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RosterPage } from '../../electron/core/store/roster.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { aCheckin, aPerson, embedding, heldClock, MODEL, newFolder, openKiosk } from './kiosk.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 24, 12);
const STAFF = { reason: 'enrolment', by: null } as const;

const page = (changes: Change[], more: Partial<RosterPage> = {}): RosterPage => ({
  whole: false,
  more: false,
  cursor: `c${changes.length}`,
  changes,
  ...more,
});
const person = (id: string): Change => ({
  kind: 'person',
  person: id,
  name: 'Grace Hopper',
  number: null,
  language: 'en',
  gpsOptOut: false,
});
const lookalikes = (id: string, ...others: string[]): Change => ({
  kind: 'lookalikes',
  person: id,
  others: others.map((other) => ({
    person: other,
    reason: 'enrolment',
    at: '2026-11-24T11:00:00.000Z',
    device: null,
    by: null,
  })),
});
const said = (store: SqlStore) =>
  store.outbox
    .pending(1000)
    .filter((e) => e.header.type === 'lookalike')
    .map((e) => [e.header.open, e.personal.person?.value, e.personal.other?.value]);
const commitAll = (store: SqlStore): void =>
  store.outbox.acknowledge(store.epoch, { committed: store.session.log.last - store.session.log.epoch.base, safe: 0 });
const rows = (store: SqlStore, table = 'lookalike') =>
  store.session.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

async function two(home = newFolder()) {
  const clock = heldClock(START);
  const store = await openKiosk(home, {}, { clock });
  const [ada, eve] = [randomUUID(), randomUUID()];
  await store.people.add(aPerson({ id: ada, name: 'Ada', number: '1' }));
  await store.people.add(aPerson({ id: eve, name: 'Eve', number: '2' }));
  return { store, clock, ada, eve, home };
}

/** A person says that they aren't the one recognised. @returns whether that person is now in a pair */
async function notMe(store: SqlStore, recognised: string, also: string | undefined): Promise<boolean> {
  const { id } = await store.checkins.record(aCheckin(recognised));
  store.checkins.void(id, 'not-me', also);
  return store.lookalikes.has(recognised);
}

describe('a pair of lookalikes', () => {
  it('marks both, is reported to the server once, survives a restart, and can be undone', async () => {
    const home = newFolder();
    const { store, ada, eve } = await two(home);
    store.lookalikes.mark(ada, eve, STAFF);
    store.lookalikes.mark(eve, ada, STAFF);
    expect([store.lookalikes.has(ada), store.lookalikes.has(eve), store.lookalikes.has(randomUUID())]).toEqual([
      true,
      true,
      false,
    ]);
    expect(said(store)).toEqual([[{ change: 'marked', reason: 'enrolment' }, ada, eve]]);
    store.close();
    const again = await openKiosk(home, {}, { clock: heldClock(START) });
    expect(again.lookalikes.list()).toMatchObject([{ reason: 'enrolment', device: again.device }]);
    expect(again.lookalikes.partners(eve)).toEqual([ada]);
    expect(again.lookalikes.unmark(eve, ada, null)).toBe(true);
    expect(again.lookalikes.unmark(eve, ada, null)).toBe(false);
    expect([again.lookalikes.has(ada), again.lookalikes.list()]).toEqual([false, []]);
    expect(said(again).at(-1)).toEqual([{ change: 'removed' }, eve, ada]);
  });

  it('starts with the second person’s enrolment, in the event before their templates', async () => {
    const { store, ada } = await two();
    const lea = randomUUID();
    await store.people.add(aPerson({ id: lea, lookalikes: { others: [ada], marking: STAFF } }));
    expect(store.lookalikes.has(lea)).toBe(true);
    const types = store.outbox.pending(100).map((e) => e.header.type);
    expect(types.lastIndexOf('lookalike')).toBeGreaterThan(0);
    expect(types.lastIndexOf('lookalike')).toBeLessThan(types.lastIndexOf('template'));
  });

  it('is deleted when either person is deleted here, or erased or moved by the server, and nothing names both any more', async () => {
    for (const how of ['delete', 'erase', 'removed'] as const) {
      const { store, ada, eve } = await two();
      store.lookalikes.mark(ada, eve, STAFF);
      commitAll(store);
      if (how === 'delete') await store.people.delete(eve);
      else if (how === 'erase') await store.roster.apply(page([{ kind: 'erase', request: randomUUID(), person: eve }]));
      else await store.roster.apply(page([{ kind: 'removed', person: eve }]));
      expect([how, store.lookalikes.has(ada), rows(store)]).toEqual([how, false, 0]);
      const named = store.session.db
        .prepare('SELECT count(*) FROM event WHERE type = 13 AND sealed IS NOT NULL')
        .pluck()
        .get();
      expect([how, named]).toEqual([how, 0]);
    }
  });

  it('leaves nothing naming both once the server has confirmed or dismissed it', async () => {
    for (const how of ['said', 'taken-back', 'removed-here'] as const) {
      const { store, ada, eve } = await two();
      store.lookalikes.mark(ada, eve, STAFF);
      if (how === 'removed-here') store.lookalikes.unmark(ada, eve, null);
      commitAll(store);
      const both = how === 'said' ? [lookalikes(ada, eve), lookalikes(eve, ada)] : [lookalikes(ada), lookalikes(eve)];
      await store.roster.apply(page(both));
      expect([how, store.lookalikes.has(ada)]).toEqual([how, how === 'said']);
      await store.roster.apply(page([{ kind: 'erase', request: randomUUID(), person: eve }]));
      const named = store.session.db
        .prepare('SELECT count(*) FROM event WHERE type = 13 AND sealed IS NOT NULL')
        .pluck()
        .get();
      expect([how, named]).toEqual([how, 0]);
    }
  });
});

describe('"not me"', () => {
  it('twice between the same two people, in either direction, makes them a pair; once does not', async () => {
    const { store, ada, eve } = await two();
    expect(await notMe(store, ada, eve)).toBe(false);
    expect(await notMe(store, eve, ada)).toBe(true);
    expect([store.lookalikes.has(ada), store.lookalikes.has(eve), rows(store, 'confusion')]).toEqual([true, true, 0]);
    expect(said(store)).toMatchObject([[{ change: 'marked', reason: 'not-me' }, eve, ada]]);
    await notMe(store, ada, eve);
    expect(said(store)).toHaveLength(1);
  });

  it('with different people, for another reason, without a second match, or half a year apart makes no pair', async () => {
    const { store, clock, ada, eve } = await two();
    const bob = randomUUID();
    await store.people.add(aPerson({ id: bob, number: '3' }));
    await notMe(store, ada, eve);
    await notMe(store, ada, bob);
    await notMe(store, ada, undefined);
    const { id } = await store.checkins.record(aCheckin(ada));
    store.checkins.void(id, 'wrong-direction', eve);
    expect(store.lookalikes.has(ada)).toBe(false);
    clock.pass(180 * DAY);
    expect(await notMe(store, ada, eve)).toBe(false);
    expect(store.lookalikes.list()).toEqual([]);
    expect(await notMe(store, ada, eve)).toBe(true);
  });

  it('is deleted with either of the two', async () => {
    const { store, ada, eve } = await two();
    await notMe(store, ada, eve);
    await store.people.delete(eve);
    expect(rows(store, 'confusion')).toBe(0);
  });
});

describe('pairs of the server', () => {
  it('apply before the other person has arrived, so that half a snapshot identifies nobody', async () => {
    const store = await openKiosk(newFolder());
    const [ada, eve] = [randomUUID(), randomUUID()];
    await store.roster.apply(page([person(ada), lookalikes(ada, eve)], { whole: true, first: true, more: true }));
    expect(store.lookalikes.has(ada)).toBe(true);
    await store.roster.apply(page([person(eve), lookalikes(eve, ada)], { whole: true, first: false }));
    expect(store.lookalikes.list()).toMatchObject([{ device: null, reason: 'enrolment' }]);
  });

  it('are removed when the server retracts them, in a change or by omission from a snapshot', async () => {
    const store = await openKiosk(newFolder());
    const [ada, eve] = [randomUUID(), randomUUID()];
    const both = [person(ada), person(eve), lookalikes(ada, eve)];
    await store.roster.apply(page(both));
    await store.roster.apply(page([lookalikes(eve)]));
    expect(store.lookalikes.has(ada)).toBe(false);
    await store.roster.apply(page(both));
    expect(store.lookalikes.has(ada)).toBe(true);
    await store.roster.apply(page([person(ada), person(eve)], { whole: true, first: true }));
    expect(store.lookalikes.has(ada)).toBe(false);
  });

  it('are removed when the other person is erased, even if they were never at this kiosk', async () => {
    const store = await openKiosk(newFolder());
    const [ada, eve] = [randomUUID(), randomUUID()];
    await store.roster.apply(page([person(ada), lookalikes(ada, eve)]));
    await store.roster.apply(page([{ kind: 'erase', request: randomUUID(), person: eve }]));
    expect(rows(store, 'lookalike')).toBe(0);
  });

  it('do not override a local change that is being sent', async () => {
    const { store, ada, eve } = await two();
    store.lookalikes.mark(ada, eve, STAFF);
    await store.roster.apply(page([lookalikes(ada)]));
    expect(store.lookalikes.has(ada)).toBe(true);
    store.lookalikes.unmark(ada, eve, null);
    await store.roster.apply(page([lookalikes(ada, eve)]));
    expect(store.lookalikes.has(ada)).toBe(false);
    commitAll(store);
    await store.roster.apply(page([lookalikes(ada, eve)]));
    expect(store.lookalikes.has(ada)).toBe(true);
  });

  it('are kept while the lease is over, so that returning templates are a pair at once', async () => {
    const { store, ada, eve } = await two();
    store.templates.add(ada, [{ pose: 'front', model: MODEL, embedding: embedding(4) }]);
    store.lookalikes.mark(ada, eve, STAFF);
    await store.roster.dropTemplates();
    expect(store.lookalikes.has(ada)).toBe(true);
  });
});
