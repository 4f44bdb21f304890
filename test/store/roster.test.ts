import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { templateValue } from '../../electron/core/store/derived.ts';
import type { RosterPage } from '../../electron/core/store/roster.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { checkEvent } from '../../sync/protocol/seal/event.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { aPerson, aPhoto, embedding, heldClock, MODEL, newFolder, openKiosk, someCheckins } from './kiosk.ts';

const page = (changes: Change[], more: Partial<RosterPage> = {}): RosterPage => ({
  whole: false,
  more: false,
  cursor: `c${randomUUID()}`,
  changes,
  ...more,
});
const person = (id: string, change: Partial<Extract<Change, { kind: 'person' }>> = {}): Change => ({
  kind: 'person',
  person: id,
  name: 'Grace Hopper',
  number: null,
  language: 'en',
  gpsOptOut: false,
  ...change,
});
const templates = (id: string, seeds: number[], ids: string[] = seeds.map(() => randomUUID())): Change => ({
  kind: 'templates',
  person: id,
  model: MODEL,
  templates: seeds.map((seed, i) => templateValue({ id: ids[i]!, pose: 'front', embedding: embedding(seed) })),
});
const all = (store: SqlStore) => ({ committed: store.session.log.epoch.committed, made: store.session.log.last });
/** The server acknowledges everything. */
const commitAll = (store: SqlStore, safe = 0): void =>
  store.outbox.acknowledge(store.epoch, { committed: all(store).made - store.session.log.epoch.base, safe });
const events = (store: SqlStore, type: string) => store.outbox.pending(1000).filter((e) => e.header.type === type);

describe('who has to be re-enrolled', () => {
  const again = (...people: [string, string][]): Change => ({
    kind: 'reenrol',
    people: people.map(([id, reason]) => ({ person: id, reason })),
  });
  const shown = (store: SqlStore) => store.people.reenrolments().map((one) => [one.person.id, one.reason]);

  it('is what the server sent last, for people present here, whichever arrived first', async () => {
    const store = await openKiosk(newFolder());
    const [a, b] = [randomUUID(), randomUUID()];
    await store.roster.apply(page([person(a), again([a, 'score-falls'], [b, 'of-age'])]));
    expect(shown(store)).toEqual([[a, 'score-falls']]);
    await store.roster.apply(page([person(b, { name: 'Ada' })]));
    expect(shown(store)).toEqual([
      [b, 'of-age'],
      [a, 'score-falls'],
    ]);
    await store.roster.apply(page([again([b, 'lapsed'])]));
    expect(shown(store)).toEqual([[b, 'lapsed']]);
  });

  it('excludes people enrolled here since, and people removed', async () => {
    const store = await openKiosk(newFolder());
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    await store.roster.apply(
      page([person(a), person(b), person(c), again([a, 'score-falls'], [b, 'no-template'], [c, 'of-age'])]),
    );
    store.templates.add(a, [{ pose: 'front', model: MODEL, embedding: embedding(2) }]);
    await store.roster.apply(page([{ kind: 'removed', person: b }]));
    await store.people.delete(c);
    expect(shown(store)).toEqual([]);
    expect(store.session.db.prepare('SELECT count(*) FROM reenrolment').pluck().get()).toBe(0);
  });
});

describe('people of the server', () => {
  it('arrive with their templates, survive a restart, have no PIN, and create no event', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const [id, template] = [randomUUID(), randomUUID()];
    const outcome = await store.roster.apply(page([person(id), templates(id, [3], [template])], { cursor: 'c7' }));
    expect(outcome).toMatchObject({ faces: [id], templatesRemoved: false, removedPeople: [] });
    expect(store.templates.of(id, MODEL).map((t) => t.id)).toEqual([template]);
    expect(store.outbox.count()).toBe(0);
    store.close();
    store = await openKiosk(home);
    expect(store.people.get(id)).toMatchObject({ name: 'Grace Hopper', templates: 1, hasPin: false });
    expect([...store.templates.of(id, MODEL)[0]!.embedding]).toEqual([...embedding(3)]);
    expect(store.roster.cursor).toBe('c7');
    expect((await store.check()).problems).toEqual([]);
    await someCheckins(store, id, 1);
    store.pins.set(id, 'phc');
    expect(store.people.get(id)?.hasPin).toBe(true);
  });

  it('end in the same state if a page arrives twice, or an older one after a newer', async () => {
    const store = await openKiosk(newFolder());
    const id = randomUUID();
    const ids = [randomUUID(), randomUUID()];
    const older = page([person(id, { name: 'Old' }), templates(id, [1], [ids[0]!])]);
    const newer = page([person(id, { name: 'New' }), templates(id, [1, 2], ids)]);
    for (const one of [older, newer, newer, older, newer]) await store.roster.apply(one);
    expect(store.people.get(id)).toMatchObject({ name: 'New', templates: 2 });
    expect((await store.check()).problems).toEqual([]);
  });

  it('change completely or not at all: if a page can’t be applied, cursor and people stay unchanged', async () => {
    const store = await openKiosk(newFolder());
    await store.roster.apply(page([], { cursor: 'before' }));
    const bad = { kind: 'person', person: randomUUID(), name: 1n } as unknown as Change;
    await expect(store.roster.apply(page([person(randomUUID()), bad]))).rejects.toThrow();
    expect([store.people.count(), store.roster.cursor]).toEqual([0, 'before']);
    await store.roster.apply(page([person(randomUUID())], { cursor: 'after' }));
    expect([store.people.count(), store.roster.cursor]).toEqual([1, 'after']);
  });

  it('a change made here wins until the server has it', async () => {
    const store = await openKiosk(newFolder());
    const id = randomUUID();
    await store.roster.apply(page([person(id), templates(id, [1])]));
    store.people.update(id, { name: 'Married' });
    const [own] = store.templates.add(id, [{ pose: 'left', model: MODEL, embedding: embedding(9) }]);
    await store.roster.apply(page([person(id, { name: 'Old' }), templates(id, [2])]));
    expect(store.people.get(id)?.name).toBe('Married');
    expect(store.templates.of(id, MODEL).map((t) => t.id)).toContain(own!.id);
    expect(store.templates.of(id, MODEL)).toHaveLength(2);
    commitAll(store);
    await store.roster.apply(page([person(id, { name: 'Server’s' }), templates(id, [2])]));
    expect(store.people.get(id)).toMatchObject({ name: 'Server’s', templates: 1 });
    expect((await store.check()).problems).toEqual([]);
  });

  it('an opt-out from positions is never undone by the server', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    store.people.update(id, { gpsOptOut: true });
    commitAll(store);
    await store.roster.apply(page([person(id, { gpsOptOut: false })]));
    expect(store.people.get(id)?.gpsOptOut).toBe(true);
    const other = randomUUID();
    // Once the server has confirmed it too, its value counts.
    for (const gpsOptOut of [true, false]) {
      await store.roster.apply(page([person(id, { gpsOptOut })]));
      expect(store.people.get(id)?.gpsOptOut).toBe(gpsOptOut);
    }
    await store.roster.apply(page([person(other, { gpsOptOut: true })]));
    expect(store.people.get(other)?.gpsOptOut).toBe(true);
    await store.roster.apply(page([person(other, { gpsOptOut: false })]));
    expect(store.people.get(other)?.gpsOptOut).toBe(false);
  });

  it('a number shared by two people finds the first, and the other once the first has left', async () => {
    const store = await openKiosk(newFolder());
    const [a, b] = [randomUUID(), randomUUID()];
    await store.roster.apply(page([person(a, { number: '7' }), person(b, { number: '7' })]));
    expect(store.people.byNumber('7')?.id).toBe(a);
    await store.roster.apply(page([{ kind: 'removed', person: a }]));
    expect(store.people.byNumber('7')?.id).toBe(b);
  });

  it('a number shared by two people keeps finding the first, whatever changes about either, across restarts', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const [a, b] = [randomUUID(), randomUUID()];
    const found = () => [store.people.byNumber('A-1')?.id, store.people.byNumber('a 1')?.id];
    await store.roster.apply(page([person(a, { number: 'A-1' }), person(b, { number: 'A-1' })]));
    expect(found()).toEqual([a, undefined]);
    await store.roster.apply(page([person(a, { number: 'A-1', name: 'Grace Murray' }), templates(a, [1])]));
    expect(found()).toEqual([a, undefined]);
    store.people.update(a, { language: 'de' });
    expect(found()).toEqual([a, undefined]);
    store.close();
    store = await openKiosk(home);
    expect(found()).toEqual([a, undefined]);
  });

  it('a template that moves to another person moves', async () => {
    const store = await openKiosk(newFolder());
    const [a, b, template] = [randomUUID(), randomUUID(), randomUUID()];
    await store.roster.apply(page([person(a), person(b), templates(a, [1], [template])]));
    const outcome = await store.roster.apply(page([templates(b, [1], [template]), { kind: 'removed', person: a }]));
    expect(outcome).toMatchObject({ faces: [a, b], templatesRemoved: true, removedPeople: [a] });
    expect([store.people.get(a), store.people.get(b)?.templates]).toEqual([null, 1]);
    expect((await store.check()).problems).toEqual([]);
  });
});

describe('a snapshot', () => {
  const whole = (changes: Change[], more: boolean) => page(changes, { whole: true, more });

  it('drops at its end the people it did not name, over a restart in its middle, and nobody before', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    await store.roster.apply(page(ids.map((id) => person(id))));
    await store.roster.apply(whole([person(ids[0]!)], true));
    expect(store.people.count()).toBe(3);
    store.close();
    store = await openKiosk(home);
    const outcome = await store.roster.apply(whole([person(ids[1]!)], false));
    expect(outcome).toMatchObject({ complete: true, removedPeople: [ids[2]] });
    expect(store.people.all().map((p) => p.id)).toEqual(ids.slice(0, 2));
  });

  it('never drops someone whose enrolment the server has not committed, or had not when it began', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    await store.roster.apply(whole([], true));
    const during = await store.people.add(aPerson());
    commitAll(store);
    await store.roster.apply(whole([], false));
    expect(store.people.all().map((p) => p.id)).toEqual([id, during.id]);
    await store.roster.apply(whole([], false)); // now it has them and doesn't name them
    expect(store.people.count()).toBe(0);
  });

  it('does not bring back someone deleted here while the server has not received the deletion', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    commitAll(store);
    await store.people.delete(id);
    await store.roster.apply(whole([person(id), templates(id, [1])], false));
    expect([store.people.count(), store.roster.hasTemplates()]).toEqual([0, false]);
    commitAll(store);
    await store.roster.apply(whole([person(id)], false));
    expect(store.people.count()).toBe(1);
    expect((await store.check()).problems).toEqual([]);
  });

  it('that the server starts again counts from there', async () => {
    const store = await openKiosk(newFolder());
    const ids = [randomUUID(), randomUUID()];
    await store.roster.apply(page(ids.map((id) => person(id))));
    await store.roster.apply(whole([person(ids[0]!), person(ids[1]!)], true));
    await store.roster.apply({ ...whole([person(ids[0]!)], false), first: true });
    expect(store.people.all().map((p) => p.id)).toEqual([ids[0]]);
  });
});

describe('someone who leaves', () => {
  it('is gone at once; what the server still lacks of them goes up whole, and then the keys go', async () => {
    const clock = heldClock(Date.UTC(2027, 0, 1));
    const store = await openKiosk(newFolder(), {}, { clock });
    const { id } = await store.people.add(aPerson({ number: '7', pinHash: 'phc' }));
    commitAll(store);
    await someCheckins(store, id, 2, { photo: aPhoto() });
    const outcome = await store.roster.apply(page([{ kind: 'removed', person: id }]));
    expect(outcome.removedPeople).toEqual([id]);
    expect([store.people.get(id), store.people.byNumber('7'), store.people.count()]).toEqual([null, null, 0]);
    expect(store.session.db.prepare('SELECT count(*) FROM template').pluck().get()).toBe(0);
    expect(store.outbox.pending(100).map((e) => e.personal.person?.value)).toEqual([id, id]);
    await store.roster.sweep();
    expect(store.outbox.pending(100).map((e) => e.personal.person?.value)).toEqual([id, id]);
    commitAll(store);
    for (const address of store.outbox.photosToSend(9)) store.outbox.photoSent(address, true);
    await store.roster.sweep(); // committed, but in no backup yet
    expect(store.session.db.prepare('SELECT count(*) FROM person').pluck().get()).toBe(1);
    clock.pass(31 * 86_400_000);
    await store.roster.sweep();
    expect(store.session.db.prepare('SELECT count(*) FROM person').pluck().get()).toBe(0);
    expect(store.parts.vault.list()).toEqual([]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('and comes back is there again, with what was recorded before', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    const [checkin] = await someCheckins(store, id, 1);
    commitAll(store);
    await store.roster.apply(page([{ kind: 'removed', person: id }]));
    await store.roster.apply(page([person(id), templates(id, [4])]));
    expect(store.people.get(id)).toMatchObject({ name: 'Grace Hopper', templates: 1 });
    expect(store.checkins.last(id)?.id).toBe(checkin!.id);
    expect((await store.check()).problems).toEqual([]);
  });
});

describe('an erasure', () => {
  it('destroys keys, rows, templates and photos, and is confirmed by one event, however often it is requested', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const request = randomUUID();
    const { id } = await store.people.add(aPerson({ photo: aPhoto() }));
    await someCheckins(store, id, 2, { photo: aPhoto() });
    const erase: Change = { kind: 'erase', request, person: id };
    const outcome = await store.roster.apply(page([erase, erase]));
    expect(outcome.removedPeople).toEqual([id]);
    store.close();
    store = await openKiosk(home);
    await store.roster.apply(page([erase]));
    expect(events(store, 'erasureDone').map((e) => [e.header.open, e.personal.person?.value])).toEqual([
      [{ request }, id],
    ]);
    expect([store.people.count(), store.parts.vault.list()]).toEqual([0, []]);
    expect(store.session.db.prepare('SELECT count(*) FROM template').pluck().get()).toBe(0);
    for (const event of store.outbox.pending(1000)) {
      if (event.header.type !== 'erasureDone') expect(event.personal).toEqual({});
    }
    expect((await store.check()).problems).toEqual([]);
    // The personal half of erasureDone is deleted once that event is safe.
    commitAll(store, all(store).made);
    await store.roster.apply(page([erase]));
    expect(store.outbox.count()).toBe(0);
    expect(store.session.db.prepare('SELECT count(*) FROM event WHERE sealed IS NOT NULL').pluck().get()).toBe(0);
  });

  it('of someone unknown here is confirmed too, and repeats if the same person is enrolled again', async () => {
    const store = await openKiosk(newFolder());
    const [id, request] = [randomUUID(), randomUUID()];
    const erase: Change = { kind: 'erase', request, person: id };
    await store.roster.apply(page([erase]));
    await store.roster.apply(page([person(id), templates(id, [1]), erase]));
    expect(events(store, 'erasureDone')).toHaveLength(1);
    expect([store.people.count(), store.roster.hasTemplates()]).toEqual([0, false]);
  });
});

describe('what the server sends only to this device', () => {
  const command = (id: string, expires = '2030-01-01T00:00:00.000Z'): Change => ({
    kind: 'command',
    id,
    what: 'restart',
    expires,
  });

  it('is stored with the cursor and survives a restart, and the newest value wins', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    expect([store.deviceState.update, store.deviceState.config, store.deviceState.commands()]).toEqual([
      null,
      null,
      [],
    ]);
    const update = {
      rollout: randomUUID(),
      action: 'install' as const,
      version: '1.5.0',
      window: { from: '22:00', to: '04:00', zone: 'Europe/Berlin' },
      trialMinutes: 10,
      retry: 0,
    };
    const outcome = await store.roster.apply(
      page([
        { kind: 'config', revision: 1, config: { volume: 10 } },
        { kind: 'update', update },
        { kind: 'config', revision: 2, config: { low: true } },
      ]),
    );
    expect(outcome.deviceStateChanged).toBe(true);
    store.close();
    store = await openKiosk(home);
    expect([store.deviceState.update, store.deviceState.config]).toEqual([
      update,
      { revision: 2, config: { low: true } },
    ]);
    await store.roster.apply(page([{ kind: 'update', update: null }]));
    expect(store.deviceState.update).toBeNull();
    expect((await store.roster.apply(page([person(randomUUID())]))).deviceStateChanged).toBe(false);
  });

  it('a command is open until its final state, which is reported once, even if the command arrives again', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const [id, other] = [randomUUID(), randomUUID()];
    await store.roster.apply(page([command(id), command(other, '2029-01-01T00:00:00.000Z')]));
    store.deviceState.answer(id, 'started');
    store.close();
    store = await openKiosk(home);
    expect(store.deviceState.commands().map((one) => [one.id, one.started])).toEqual([
      [other, false],
      [id, true],
    ]);
    store.deviceState.answer(id, 'done');
    store.deviceState.answer(other, 'refused', 'not-now');
    await store.roster.apply(page([command(id), command(other)]));
    expect(store.deviceState.commands()).toEqual([]);
    expect(events(store, 'command').map((e) => e.header.open)).toEqual([
      { command: id, what: 'restart', outcome: 'started' },
      { command: id, what: 'restart', outcome: 'done' },
      { command: other, what: 'restart', outcome: 'refused', code: 'not-now' },
    ]);
    for (const event of events(store, 'command')) checkEvent(event, event.header);
    expect((await store.check()).problems).toEqual([]);
  });

  it('a command can be cancelled before it starts, and is done only once even if the kiosk’s answer was trimmed', async () => {
    const store = await openKiosk(newFolder());
    const id = randomUUID();
    await store.roster.apply(page([command(id)]));
    const gone = '1970-01-01T00:00:00.000Z';
    await store.roster.apply(page([command(id, gone)]));
    expect(store.deviceState.commands()[0]?.expires).toBe(gone);
    store.deviceState.answer(id, 'expired');
    commitAll(store, all(store).made);
    await store.removal.trim('2100-01-01T00:00:00.000Z');
    expect(events(store, 'command')).toEqual([]);
    // The server was restored to a state before the cancellation.
    await store.roster.apply(page([command(id)]));
    expect(store.deviceState.commands()).toEqual([]);
    expect(events(store, 'command').map((e) => e.header.open)).toEqual([
      { command: id, what: 'restart', outcome: 'expired' },
    ]);
    expect(() => store.deviceState.answer(randomUUID(), 'done')).toThrow(/there is no command/);
  });
});

describe('events of templates and photos', () => {
  it('carry the vectors and keys they commit to, though the store holds these only once', async () => {
    const store = await openKiosk(newFolder());
    const vectors = [1, 2, 3].map((seed) => ({ pose: 'front', model: MODEL, embedding: embedding(seed) }));
    const { id } = await store.people.add(aPerson({ templates: vectors, photo: aPhoto(10) }));
    await someCheckins(store, id, 1, { photo: aPhoto(10) });
    for (const event of store.outbox.pending(100))
      checkEvent(event, { device: store.device, epoch: store.epoch, seq: event.header.seq });
    const [sent] = events(store, 'template');
    expect(sent!.personal.templates!.value).toEqual(store.templates.of(id, MODEL).map(templateValue));
    const sealed = store.session.db.prepare('SELECT max(length(sealed)) FROM event').pluck().get() as number;
    expect(sealed).toBeLessThan(400);
    const keys = store.outbox.pending(100).flatMap((e) => (e.personal.photoKey ? [e.personal.photoKey.value] : []));
    expect(new Set(keys).size).toBe(2);
    await store.roster.dropTemplates();
    const after = events(store, 'template')[0]!;
    expect(after.personal.templates).toBeUndefined();
    expect(after.header).toEqual(sent!.header);
    expect((await store.check()).problems).toEqual([]);
  });

  it('fill pages of the outbox by size as well as by count', async () => {
    const store = await openKiosk(newFolder());
    const many = Array.from({ length: 30 }, (_, i) => ({ pose: 'front', model: MODEL, embedding: embedding(i) }));
    for (let i = 0; i < 4; i++) await store.people.add(aPerson({ templates: many }));
    const weight = (list: unknown[]) => JSON.stringify(list).length;
    const first = store.outbox.pending(500, 200_000);
    expect(weight(first)).toBeLessThan(200_000);
    expect(weight(first)).toBeGreaterThan(80_000);
    const { epoch, seq } = first.at(-1)!.header;
    expect(store.outbox.pending(500, 200_000, { epoch, seq })[0]!.header.seq).toBe(seq + 1);
    expect(store.outbox.pending(500, 1)).toHaveLength(1);
  });
});

describe('trimming', () => {
  const DAY = 86_400_000;
  const iso = (ms: number) => new Date(ms).toISOString();

  it('removes what is safe and old, and keeps the rest as one verifiable chain across restarts and epochs', async () => {
    const clock = heldClock(Date.UTC(2027, 0, 1));
    const home = newFolder();
    let store = await openKiosk(home, {}, { clock });
    const { id } = await store.people.add(aPerson({ photo: aPhoto() }));
    await someCheckins(store, id, 3, { photo: aPhoto(), gps: 'sealed' });
    clock.pass(40 * DAY);
    const [young] = await someCheckins(store, id, 2);
    const { epoch } = store;
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(0); // nothing is safe yet
    commitAll(store, all(store).made);
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(0); // photos are still to be sent
    for (const address of store.outbox.photosToSend(9)) store.outbox.photoSent(address, true);
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(0); // its last backup may not have them
    store.events.append({ type: 'health', open: { code: 'later', detail: {} }, personal: {} });
    store.outbox.acknowledge(store.epoch, { committed: all(store).made, safe: all(store).made - 1 });
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(0);
    for (const address of store.outbox.photosToSend(9)) store.outbox.photoSent(address, true); // asked once more
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(0);
    commitAll(store, all(store).made);
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(6);
    expect(store.checkins.list({ limit: 9 })).toHaveLength(2);
    expect(store.parts.vault.list()).toHaveLength(1); // the enrolment's
    expect(store.checkins.last(id)?.id).not.toBe(young!.id);
    expect((await store.check()).problems).toEqual([]);
    store.close();
    store = await openKiosk(home, {}, { clock });
    const [next] = await someCheckins(store, id, 1);
    expect(store.epoch).not.toBe(epoch);
    expect(store.outbox.pending(9)[0]!.header).toMatchObject({ id: next!.id, seq: 1 });
    expect((await store.check()).problems).toEqual([]);
    expect(await store.photos.open(store.parts.vault.list()[0]!)).toHaveLength(4000);
    // The server lost events that were trimmed here and can't get them back: the marks stop there.
    store.outbox.rewind(epoch, { committed: 2, safe: 2 });
    expect(store.outbox.pending(9).map((e) => e.header.seq)).toEqual([7, 8, 9, 1]);
    store.outbox.acknowledge(epoch, { committed: 9, safe: 9 });
    store.outbox.acknowledge(store.epoch, { committed: 1, safe: 1 });
    clock.pass(40 * DAY);
    expect(await store.removal.trim(iso(clock.now() - 30 * DAY))).toBe(4);
    expect((await store.check()).problems).toEqual([]);
    store.close();
    store = await openKiosk(home, {}, { clock });
    await someCheckins(store, id, 1);
    expect(store.outbox.pending(9).map((e) => e.header.seq)).toEqual([1]);
    expect((await store.check()).problems).toEqual([]);
  });
});

describe('a photo that never reaches the server', () => {
  const DAY = 86_400_000;
  const iso = (ms: number) => new Date(ms).toISOString();
  const notified = (store: SqlStore) =>
    store.outbox
      .pending(50)
      .filter((e) => e.header.open.code === 'photos-not-sent')
      .map((e) => e.header.open.detail);

  it('keeps its event until it is too old; then both are deleted, and their number is reported', async () => {
    const clock = heldClock(Date.UTC(2027, 0, 1));
    const store = await openKiosk(newFolder(), {}, { clock });
    const { id } = await store.people.add(aPerson({ photo: aPhoto() }));
    await someCheckins(store, id, 3, { photo: aPhoto() });
    commitAll(store, all(store).made);
    const [enrolment, refused, sent] = store.outbox.photosToSend(9);
    store.outbox.photoSent(refused!, false);
    store.outbox.photoSent(sent!, true);
    clock.pass(59 * DAY);
    const trim = () => store.removal.trim(iso(clock.now() - 30 * DAY), iso(clock.now() - 60 * DAY));
    expect(await trim()).toBe(0);
    expect(notified(store)).toEqual([]);
    clock.pass(2 * DAY);
    expect(await trim()).toBe(6);
    expect(notified(store)).toEqual([{ waiting: 1, refused: 1 }]);
    // The enrolment's picture is not a record: it is kept, and sent once the server accepts it.
    expect(store.parts.vault.list()).toHaveLength(1);
    expect(store.outbox.photosToSend(9)).toEqual([enrolment]);
    expect(await trim()).toBe(0);
    expect((await store.check()).problems).toEqual([]);
  });

  it('is also reported if the retention of photos deletes it first', async () => {
    const clock = heldClock(Date.UTC(2027, 0, 1));
    const store = await openKiosk(newFolder(), {}, { clock });
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 2, { photo: aPhoto() });
    clock.pass(91 * DAY);
    expect(await store.removal.purgePhotos(iso(clock.now() - 90 * DAY))).toBe(2);
    expect(notified(store)).toEqual([{ waiting: 2, refused: 0 }]);
  });
});

describe('a store that the server knows to be an older copy', () => {
  it('opens a new epoch while running, once, and reports it', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    const old = store.epoch;
    store.outbox.rolledBack(old, 99);
    store.outbox.rolledBack(old, 99);
    expect(store.epoch).not.toBe(old);
    const [made] = await someCheckins(store, id, 1);
    expect(events(store, 'health').map((e) => e.header.open)).toEqual([
      { code: 'store-rolled-back', detail: { committed: 99, made: 3 } },
    ]);
    expect(store.outbox.pending(99).at(-1)!.header).toMatchObject({ id: made!.id, epoch: store.epoch, seq: 2 });
    const { epoch } = store;
    expect((await store.check()).problems).toEqual([]);
    store.close();
    const again = await openKiosk(home);
    again.outbox.rolledBack(old, 99); // reported once, even across restarts
    expect(again.epoch).toBe(epoch);
    expect(events(again, 'health')).toHaveLength(1);
  });
});

describe('photos to upload', () => {
  it('are requested once more when the server has a later event, since a restore to just before the photo shows in no mark', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    const [first, second] = await someCheckins(store, id, 2, { photo: aPhoto() });
    const waiting = () => store.outbox.photosToSend(9);
    const sentAll = () => {
      for (const address of waiting()) store.outbox.photoSent(address, true);
    };
    commitAll(store);
    sentAll();
    commitAll(store); // the same marks again don't affect the photos
    expect(waiting()).toEqual([]);
    await someCheckins(store, id, 1);
    expect(waiting()).toEqual([]); // recorded, and not there yet
    commitAll(store);
    expect(waiting()).toEqual([first!.photo, second!.photo]);
    expect(store.outbox.photosWaiting()).toBe(2);
    sentAll();
    await someCheckins(store, id, 1);
    commitAll(store);
    expect(waiting(), 'twice is enough').toEqual([]);
    // After a restart it doesn't know whether it has asked, so it may ask once more.
    const [third] = await someCheckins(store, id, 1, { photo: aPhoto() });
    commitAll(store);
    sentAll();
    store.close();
    store = await openKiosk(home);
    await someCheckins(store, id, 1);
    commitAll(store);
    expect(waiting()).toEqual([third!.photo]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('are those whose events the server has, once each, without purged ones; a restored server is asked again', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    const [first, second] = await someCheckins(store, id, 2, { photo: aPhoto() });
    expect(store.outbox.photosToSend(9)).toEqual([]);
    store.outbox.acknowledge(store.epoch, { committed: all(store).made - 1, safe: 0 });
    expect(store.outbox.photosToSend(9)).toEqual([first!.photo]);
    store.outbox.photoSent(first!.photo!, true);
    commitAll(store);
    expect(store.outbox.photosToSend(9)).toEqual([second!.photo]);
    store.outbox.rewind(store.epoch, { committed: 1, safe: 0 });
    commitAll(store);
    expect(store.outbox.photosToSend(9)).toHaveLength(2);
    await store.removal.purgePhotos(new Date(Date.now() + 86_400_000).toISOString());
    expect([store.outbox.photosToSend(9), store.outbox.isPhotoWaiting(second!.photo!)]).toEqual([[], false]);
    expect(store.outbox.removals).toBeGreaterThan(0);
  });

  it('are offered again to a restored server, even if it had refused or received them before', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    const [first, second] = await someCheckins(store, id, 2, { photo: aPhoto() });
    const both = [first!.photo, second!.photo];
    commitAll(store);
    // Restored to before the event: asked for the photo before it was resent the event, it doesn't have it.
    store.outbox.photoSent(first!.photo!, false);
    store.outbox.rewind(store.epoch, { committed: 1, safe: 0 });
    // An earlier answer of the server that arrives only now.
    store.outbox.photoSent(first!.photo!, false);
    store.outbox.photoSent(second!.photo!, true);
    expect(store.outbox.photosToSend(9)).toEqual([]);
    commitAll(store);
    expect(store.outbox.photosToSend(9)).toEqual(both);
    for (const address of both) store.outbox.photoSent(address!, true);
    expect(store.outbox.photosToSend(9)).toEqual([]);
  });

  it('are not blocked by one whose event, in an older epoch, is never committed', async () => {
    const home = newFolder();
    const first = await openKiosk(home);
    const { id } = await first.people.add(aPerson());
    await someCheckins(first, id, 1, { photo: aPhoto() });
    first.close();
    const store = await openKiosk(home);
    const [second] = await someCheckins(store, id, 1, { photo: aPhoto() });
    const made = store.outbox.marks().find(({ epoch }) => epoch === store.epoch)!.made;
    store.outbox.acknowledge(store.epoch, { committed: made, safe: 0 });
    expect(store.outbox.photosToSend(1)).toEqual([second!.photo]);
  });
});
