import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WireEvent } from '../../sync/protocol/wire/event.ts';
import { aCheckin, aPerson, codeOf, embedding, heldClock, MODEL, newFolder, openKiosk, someCheckins } from './kiosk.ts';

describe('people', () => {
  it('are read back from disk with templates, number, PIN and opt-out', async () => {
    const home = newFolder();
    const first = await openKiosk(home);
    const person = aPerson({ name: 'Zoë Łuczak', number: 'b-12', pinHash: '$argon2id$v=19$x', language: 'de' });
    await first.people.add(person);
    first.templates.add(person.id, [{ pose: 'left', model: MODEL, embedding: embedding(2) }]);
    first.people.update(person.id, { gpsOptOut: true });
    const before = first.people.get(person.id);
    first.close();

    const again = await openKiosk(home);
    expect(again.people.get(person.id)).toEqual(before);
    expect(before).toMatchObject({ name: 'Zoë Łuczak', number: 'b-12', templates: 2, hasPin: true, gpsOptOut: true });
    expect(again.pins.hash(person.id)).toBe('$argon2id$v=19$x');
    expect(again.templates.of(person.id, MODEL).map((t) => [t.pose, [...t.embedding]])).toEqual([
      ['front', [...embedding()]],
      ['left', [...embedding(2)]],
    ]);
    expect(again.templates.of(person.id, 'another-model')).toEqual([]);
  });

  it('are found by prefixes of name or number in any case, and by complete number', async () => {
    const store = await openKiosk(newFolder());
    for (const [name, number] of [
      ['Öz Demir', '1001'],
      ['Ömer Ak', '1002'],
      ['Omar', 'K-9'],
    ] as const)
      await store.people.add(aPerson({ name, number, templates: [] }));
    expect(store.people.find('ö', 10).map((p) => p.name)).toEqual(['Ömer Ak', 'Öz Demir']);
    expect(store.people.find('ÖZ', 10).map((p) => p.name)).toEqual(['Öz Demir']);
    expect(store.people.find('100', 1)).toHaveLength(1);
    expect(store.people.byNumber('k-9')?.name).toBe('Omar');
    expect(store.people.byNumber('100')).toBeNull();
  });

  it('are found by a name typed without accents, and with either Turkish i', async () => {
    const store = await openKiosk(newFolder());
    for (const name of ['İbrahim Çelik', 'Işık Aydın', 'Zoë', 'Müller'])
      await store.people.add(aPerson({ name, number: null, templates: [] }));
    const found = (query: string) => store.people.find(query, 10).map((p) => p.name);
    for (const query of ['ib', 'İb', 'IB', 'ibrahim c', 'İbrahim Ç'])
      expect([query, found(query)]).toEqual([query, ['İbrahim Çelik']]);
    for (const query of ['ış', 'Iş', 'is', 'ışık aydın'])
      expect([query, found(query)]).toEqual([query, ['Işık Aydın']]);
    expect([found('zoe'), found('ZOË'), found('mul'), found('mü')]).toEqual([['Zoë'], ['Zoë'], ['Müller'], ['Müller']]);
  });

  it('are found by their number in any script’s digits', async () => {
    const store = await openKiosk(newFolder());
    await store.people.add(aPerson({ name: 'Ada', number: '1815', templates: [] }));
    await store.people.add(aPerson({ name: 'Nour', number: '٤٧١١', templates: [] }));
    const named = (number: string) => store.people.byNumber(number)?.name ?? null;
    expect(['١٨١٥', '۱۸۱۵', '１８１５', '1815'].map(named)).toEqual(['Ada', 'Ada', 'Ada', 'Ada']);
    expect(['٤٧١١', '4711'].map(named)).toEqual(['Nour', 'Nour']);
  });

  it('are found by the letters and digits of their number if the match is unique', async () => {
    const store = await openKiosk(newFolder());
    for (const [name, number] of [
      ['Ada', '12/345.a'],
      ['Bob', '1-11'],
      ['Cem', '11-1'],
      ['Dan', '__'],
    ] as const)
      await store.people.add(aPerson({ name, number, templates: [] }));
    const named = (number: string) => store.people.byNumber(number)?.name ?? null;
    expect(['12/345.A', '12 345 a', '12345A'].map(named)).toEqual(['Ada', 'Ada', 'Ada']);
    expect(['1-11', '11-1', '111', '-', '__'].map(named)).toEqual(['Bob', 'Cem', null, null, 'Dan']);
    expect((await store.people.add(aPerson({ number: '12345-A' }))).number).toBe('12345-A');
    expect(['12/345.A', '12345-A', '12345A'].map(named)).toEqual(['Ada', store.people.byNumber('12345-A')?.name, null]);
  });

  it('never share a number or an id', async () => {
    const store = await openKiosk(newFolder());
    const one = aPerson({ number: 'A1' });
    await store.people.add(one);
    expect(await codeOf(() => store.people.add(aPerson({ number: 'a1' })))).toBe('number-taken');
    expect(await codeOf(() => store.people.add({ ...aPerson(), id: one.id }))).toBe('person-exists');
    const both = [
      aPerson({ number: 'B1', photo: new Uint8Array(9) }),
      aPerson({ number: 'B1', photo: new Uint8Array(9) }),
    ];
    const results = await Promise.allSettled(both.map((p) => store.people.add(p)));
    expect(results.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(store.people.count()).toBe(2);
    expect((await store.check()).problems).toEqual([]); // the loser's photo is deleted too
  });

  it('leave nothing behind if adding fails halfway', async () => {
    const store = await openKiosk(newFolder());
    const broken = aPerson({
      templates: [{ pose: 'front', model: MODEL, embedding: new Float32Array([Number.NaN]) }],
      photo: new Uint8Array(100),
    });
    expect(await codeOf(() => store.people.add(broken))).toBe('template-malformed');
    expect([store.people.count(), store.outbox.count(), store.parts.vault.list()]).toEqual([0, 0, []]);
    await store.people.add(aPerson());
    expect(store.outbox.pending(1)[0]!.header.seq).toBe(1);
    expect((await store.check()).problems).toEqual([]);
  });
});

describe('check-ins', () => {
  it('create one event to send and one record, with a commitment to every personal value', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    const before = store.outbox.count();
    const checkin = await store.checkins.record(aCheckin(id, { gps: 'sealed-position' }));
    expect(store.outbox.count()).toBe(before + 1);
    const event = WireEvent.parse(store.outbox.pending(100).at(-1));
    expect(event.header).toMatchObject({
      id: checkin.id,
      type: 'checkin',
      seq: before + 1,
      open: { direction: 'in', method: 'face' },
    });
    expect(Object.fromEntries(Object.entries(event.personal).map(([k, v]) => [k, v.value]))).toEqual({
      person: id,
      score: 0.71,
      second: 0.22,
      gps: 'sealed-position',
    });
    expect(Object.keys(event.header.commitments).sort()).toEqual(['gps', 'person', 'score', 'second']);
    expect(store.checkins.list({ limit: 10 })).toEqual([checkin]);
  });

  it('are listed newest first, in pages, and before a time', async () => {
    const clock = heldClock(Date.UTC(2026, 0, 1));
    const store = await openKiosk(newFolder(), {}, { clock });
    const { id } = await store.people.add(aPerson());
    const made = [];
    for (let i = 0; i < 5; i++) {
      made.unshift(await store.checkins.record(aCheckin(id)));
      clock.pass(60_000);
    }
    const ids = (list: { id: string }[]) => list.map((c) => c.id);
    expect(ids(store.checkins.list({ limit: 2 }))).toEqual(ids(made.slice(0, 2)));
    expect(ids(store.checkins.list({ limit: 9, after: made[1]!.id }))).toEqual(ids(made.slice(2)));
    expect(ids(store.checkins.list({ limit: 9, before: made[2]!.at }))).toEqual(ids(made.slice(3)));
  });

  it('are voided once, by an event, and the last valid one counts again', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    const [first, second] = await someCheckins(store, id, 2);
    store.checkins.void(second!.id, 'not-me');
    store.checkins.void(second!.id, 'not-me');
    expect(
      store.outbox
        .pending(100)
        .filter((e) => e.header.type === 'void')
        .map((e) => e.header.open),
    ).toEqual([{ target: second!.id, reason: 'not-me' }]);
    expect(store.checkins.last(id)?.id).toBe(first!.id);
    expect(store.checkins.list({ limit: 1 })[0]).toMatchObject({ id: second!.id, voided: true });
    expect(await codeOf(() => store.checkins.void(randomUUID(), 'staff'))).toBe('checkin-unknown');
    store.close();
    expect((await openKiosk(home)).checkins.last(id)?.id).toBe(first!.id);
  });

  it('find the last valid one beyond what is in memory', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    const made = await someCheckins(store, id, 9);
    for (const one of made.slice(1)) store.checkins.void(one.id, 'staff');
    expect(store.checkins.last(id)?.id).toBe(made[0]!.id);
  });

  it('contain no coordinates for someone who opted out, whatever is passed in', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    store.people.update(id, { gpsOptOut: true });
    await store.checkins.record(aCheckin(id, { gps: 'sealed-position' }));
    expect(Object.keys(store.outbox.pending(100).at(-1)!.header.commitments)).not.toContain('gps');
  });
});

describe('the outbox', () => {
  it('holds what the server has not committed, across a restart, and resends what is not safe', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const { id } = await store.people.add(aPerson({ templates: [] }));
    await someCheckins(store, id, 4);
    const { epoch } = store;
    store.outbox.acknowledge(epoch, { committed: 3, safe: 1 });
    store.close();
    store = await openKiosk(home);
    expect(store.outbox.pending(100).map((e) => e.header.seq)).toEqual([4, 5, 6]);
    expect(store.checkins.list({ limit: 9 }).map((c) => c.acked)).toEqual([false, false, false, true]);
    store.outbox.acknowledge(epoch, { committed: 2, safe: 1 }); // an older ack changes nothing
    expect(store.outbox.count()).toBe(3);
    expect(store.outbox.rewind(epoch, { committed: 1, safe: 1 })).toBe(2);
    expect(store.outbox.pending(100).map((e) => e.header.seq)).toEqual([2, 3, 4, 5, 6]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('refuses impossible marks', async () => {
    const store = await openKiosk(newFolder());
    const marks = (committed: number, safe: number) =>
      codeOf(() => store.outbox.acknowledge(store.epoch, { committed, safe }));
    expect([await marks(1, 0), await marks(0, -1), await marks(-1, -1), await marks(0.5, 0)]).toEqual(
      Array(4).fill('ack-impossible'),
    );
    expect(await codeOf(() => store.outbox.acknowledge(randomUUID(), { committed: 0, safe: 0 }))).toBe('epoch-unknown');
  });

  it('keeps events until they are safe, even against someone with the key', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson({ templates: [] }));
    await someCheckins(store, id, 2);
    store.outbox.acknowledge(store.epoch, { committed: 4, safe: 3 });
    const { db } = store.session;
    expect(() => db.exec('DELETE FROM event WHERE n = 4')).toThrow(/until the server has it safe/);
    expect(() => db.exec('UPDATE event SET type = 1 WHERE n = 4')).toThrow(/never changes/);
    expect(() => db.exec('UPDATE event SET sealed = zeroblob(50) WHERE n = 4')).toThrow(/can only go/);
  });
});

describe('the size of a check-in', () => {
  it('is a third of a page, with scores of any length and after days without a restart, since each page costs an encryption', async () => {
    const clock = { ...heldClock(Date.UTC(2027, 0, 1)), monotonic: () => 400 * 86_400_000 };
    const store = await openKiosk(newFolder(), {}, { clock });
    const { id } = await store.people.add(aPerson({ templates: [] }));
    await someCheckins(store, id, 300, { score: Math.fround(0.731234567), second: Math.fround(-0.2114987) });
    const rows = store.session.db
      .prepare("SELECT avg(ncell) FROM dbstat WHERE name = 'event' AND pagetype = 'leaf'")
      .pluck()
      .get();
    expect(rows).toBeGreaterThan(2.9);
  });
});

describe('small rows', () => {
  it('such as lockouts and settings survive a restart', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const [staff, none] = [
      { failures: 5, until: 1_800_000_000_000, at: 1_799_999_970_000 },
      { failures: 0, until: 0, at: 0 },
    ];
    store.lockouts.set({ staff, 'number:x': { failures: 1, until: 0, at: 7 } });
    store.lockouts.set({ 'number:x': none });
    store.settings.set('a', 'b');
    store.close();
    const again = await openKiosk(home);
    expect(again.lockouts.get('staff')).toEqual(staff);
    expect(again.lockouts.get('number:x')).toEqual(none);
    expect([again.settings.get('a'), again.settings.get('none')]).toEqual(['b', null]);
  });

  it('lockouts are removed once the last failure and the lock are past, not before', async () => {
    const store = await openKiosk(newFolder());
    const year = 365 * 86_400_000;
    store.lockouts.set({
      future: { failures: 6, until: year, at: year },
      old: { failures: 2, until: 0, at: 1_000 },
      locked: { failures: 6, until: 9_000, at: 1_000 },
      fresh: { failures: 1, until: 0, at: 9_000 },
    });
    expect(store.lockouts.prune(5_000, 20_000)).toBe(1);
    expect(['old', 'locked', 'fresh'].map((one) => store.lockouts.get(one).failures)).toEqual([0, 6, 1]);
    expect(store.lockouts.get('future')).toEqual({ failures: 6, until: 20_000, at: 20_000 });
  });
});

describe('one opener at a time', () => {
  it('a second one is refused, in this process and in another', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    expect(await codeOf(() => openKiosk(home))).toBe('store-in-use');
    const other = spawnSync(process.execPath, [join(import.meta.dirname, 'children/open.ts'), home], {
      encoding: 'utf8',
    });
    expect(other.stdout.trim()).toBe('store-in-use');
    // The rejected openers must not have released our lock, or anything else.
    const third = spawnSync(process.execPath, [join(import.meta.dirname, 'children/open.ts'), home], {
      encoding: 'utf8',
    });
    expect(third.stdout.trim()).toBe('store-in-use');
    await store.people.add(aPerson());
    expect((await store.check()).problems).toEqual([]);
    store.close();
    const last = spawnSync(process.execPath, [join(import.meta.dirname, 'children/open.ts'), home], {
      encoding: 'utf8',
    });
    expect(last.stdout.trim()).toBe('opened');
  });
});
