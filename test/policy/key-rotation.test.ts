import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retryQuarantine } from '../../sync/server/app/ingest/quarantine.ts';
import { advanceRotation, beginRotation, readRotation } from '../../sync/server/app/key-rotation/rotate.ts';
import { scrubKeyring } from '../../sync/server/app/key-rotation/scrub.ts';
import { sealedTables } from '../../sync/server/app/key-rotation/sealed.ts';
import { leftOver } from '../../sync/server/app/key-rotation/verify.ts';
import { pageOf } from '../../sync/server/app/key-rotation/walk.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { readPins } from '../../sync/server/core/credentials/pins.ts';
import { credentialsOf } from '../../sync/server/core/credentials/store.ts';
import { findPeople, readPeople, writePerson } from '../../sync/server/core/people/records.ts';
import { readCardTemplates } from '../../sync/server/core/templates/templates.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import { writeAudit } from '../../sync/server/platform/audit/write.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { sealEmail } from '../../sync/server/platform/http/email.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { FORMAT, labelOf } from '../../sync/server/platform/keys/gcm.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { beat, settleKeys } from '../../sync/server/platform/keys/versions.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { filesWithKey } from './erasure-search.ts';
import { enrol, NOW, openedByPair, openRing, pinHashOf } from './sealed-people.ts';

const { environment: SEALED } = sealedTables(MODULES);

const now = () => NOW;
const finish = async (db: OpenDatabase['db'], keys: Keys, each: () => Promise<void> = async () => undefined) => {
  for (;;) {
    const state = await advanceRotation(db, keys, { modules: MODULES, budgetMs: 0, now });
    expect(state.waitsFor).toBeNull();
    if (state.phase === 'finished') return state;
    await each();
  }
};

describe.each(DATABASES)('a rotation of the keys, on $name', ({ name, unavailable, start }) => {
  let home: Awaited<ReturnType<typeof start>>;
  let database: OpenDatabase;
  let people: string[];
  const old = newPair();
  const before = keysOf(old);
  const next = newPair();

  beforeEach(async (context) => {
    if (unavailable) return context.skip(unavailable);
    home = await start();
    database = await home.open();
    const { db } = database;
    await openRing(db, before);
    const box = await registerKiosk(db, { at: NOW });
    people = [];
    for (let i = 0; i < 12; i++) people.push(await enrol(db, before, box, `Ada ${i}`));
    const [id, at] = [randomUUID(), NOW.toISOString()];
    await sql`insert into account (id, role, email, email_index, made_at) values (${id}, 'dpo',
              ${sealEmail(before, id, 1, 'dpo@example.org')}, ${before.blindIndex('account.email', 'dpo@example.org')}, ${at})`.execute(
      db,
    );
    // Something that names nobody: what a kiosk can't fix, and an event without a person.
    await deliverTo(db, before, box, ['nothing at all'], { first: box.events.length + 1, now: NOW });
  });
  afterEach(async () => {
    await database?.close();
    await home?.remove();
  });

  /** Checks that everything stored about everyone reads as before. */
  const readsAll = async (keys: Keys) => {
    const { db } = database;
    await openRing(db, keys);
    const records = await readPeople(db, keys, people);
    expect([...records.values()].map((r) => [r.name, r.phone, r.email]).sort()).toEqual(
      people.map((id, i) => [`Ada ${i}`, '+44 20', `${id}@example.org`]).sort(),
    );
    for (const id of people) {
      expect(await findPeople(db, keys, { email: `${id}@example.org` })).toEqual([id]);
      expect(await findPeople(db, keys, { badge: `b-${id}`, number: `n-${id}` })).toEqual([id]);
    }
    const box = await personBox(db, keys, people);
    const templates = await db.selectFrom('template').selectAll().execute();
    expect(templates.length).toBe(people.length);
    for (const { id, person, sealed } of templates)
      expect(box.open({ field: 'template.vector', person, record: id, rowVersion: 1 }, sealed)).toEqual(
        Buffer.alloc(2048, person),
      );
    const onCards = await readCardTemplates(db, keys, people);
    expect(people.map((id) => onCards.get(id)?.card?.sealed)).toEqual(
      people.map((id) => Buffer.alloc(2076, `card ${id}`).toString('base64url')),
    );
    const pins = await readPins(db, keys, people);
    expect(people.map((id) => pins.get(id)?.pin?.hash)).toEqual(people.map(pinHashOf));
    const badges = await credentialsOf(db, keys, people);
    expect(badges.map((b) => b.number).sort()).toEqual(people.map((id) => `badge of ${id}`).sort());
    const events = await db
      .selectFrom('event')
      .select(['id', 'person', 'personal', 'gps', 'type'])
      .where('type', '=', 'checkin')
      .execute();
    expect(events.length).toBe(people.length);
    for (const event of events)
      expect(Object.keys(openHalf(keys, box, event)).sort()).toEqual(['gps', 'person', 'score', 'second']);
    expect(
      (await retryQuarantine({ db, keys, modules: MODULES }, {}, NOW)).waiting,
      'what waits in quarantine opens',
    ).toEqual({
      'event-newer-schema': people.length,
      'event-malformed': 1,
    });
  };

  /** Every envelope under the environment's keys, with the keys that would open it. */
  const envelopes = async () => {
    const all: { open: (keys: Keys) => Buffer; version: number }[] = [];
    for (const table of SEALED)
      for (const row of (await pageOf(database.db, table, null, 10_000)).rows)
        for (const [column, { purpose, place }] of Object.entries(table.columns)) {
          const bytes = row.sealed[column];
          if (bytes)
            all.push({ open: (keys) => keys.open(purpose, place(row.cells), bytes), version: labelOf(bytes)!.version });
        }
    return all;
  };

  test('leaves everything readable with the new keys only, and nothing that the old keys open', async () => {
    const { db } = database;
    const both = keysOf({ ...next, previousKeys: old });
    await openRing(db, both);
    expect(both.version, 'new keys alone change nothing').toBe(1);
    // The search below must find what exists, or it proves nothing.
    expect((await openedByPair(db, old)).opened).toEqual(
      expect.arrayContaining(['keyring.person_key.sealed', 'account.email', 'person.profile', 'quarantine.content']),
    );
    // Into the table's own file, since in the log a key may span two pages.
    await sql`checkpoint`.execute(db);
    expect(filesWithKey(home.files, before, people[0]!).length).toBeGreaterThan(0);
    const begun = await beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW });
    expect(begun).toMatchObject({ from: 1, to: 2, phase: 'announced', done: 0 });
    const auditKeys = async () => (await db.selectFrom('keyring.audit_key').select('version').execute()).length;
    const entry = { actor: SYSTEM, action: 'read', route: 'test', data: [], subjects: [], outcome: 'ok' } as const;
    await inTransaction(db, (tx) => writeAudit(tx, both, entry, NOW));
    const auditKeysBefore = await auditKeys();
    let steps = 0;
    const done = await finish(db, both, async () => {
      steps += 1;
      expect(await findPeople(db, both, { email: `${people[steps % 12]}@example.org` })).toEqual([people[steps % 12]]);
    });
    expect(done.total).toBeGreaterThan(12 * 6);
    // With the old pair and a copy of the database one could write audit rows that verify. From here on that is impossible.
    expect(await auditKeys()).toBe(auditKeysBefore + 1);
    const fresh = keysOf(next);
    await readsAll(fresh);
    expect(fresh.version).toBe(2);
    expect(await leftOver(db, 1)).toEqual({});
    const all = await envelopes();
    expect(all.length).toBeGreaterThan(15);
    for (const { open, version } of all) {
      expect(version).toBe(2);
      expect(() => open(before)).toThrowError(expect.objectContaining({ code: 'envelope-unknown-version' }));
      expect(() => open(fresh)).not.toThrow();
    }
    // Whatever the labels say.
    const stolen = await openedByPair(db, old);
    expect(stolen.opened).toEqual([]);
    expect(stolen.tried).toBeGreaterThan(30);
    // Including dead rows and the write-ahead log, once they were scrubbed.
    expect(await scrubKeyring(db, 2, NOW)).toEqual({
      scrubbed: true,
      databaseLog: { state: 'removed', archived: false },
    });
    expect(filesWithKey(home.files, keysOf(old), people[0]!)).toEqual([]);
    expect(filesWithKey(home.files, fresh, people[0]!).length).toBeGreaterThan(0);
    await expect(settleKeys(db, keysOf(old))).rejects.toMatchObject({ code: 'key-retired' });
    await expect(openRing(db, keysOf(newPair()))).rejects.toMatchObject({ code: 'wrong-encryption-key' });
    const index = await db
      .selectFrom('account')
      .select('email_index')
      .where('email', 'is not', null)
      .executeTakeFirstOrThrow();
    expect(Buffer.from(index.email_index!)).toEqual(fresh.blindIndex('account.email', 'dpo@example.org'));
    // The same command continues after a process was killed before that.
    await sql`update keyring.rotation set scrubbed_at = null`.execute(db);
    expect(await beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW })).toMatchObject({
      to: 2,
      phase: 'finished',
    });
    await scrubKeyring(db, 2, NOW);
    await expect(beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW })).rejects.toMatchObject({
      code: 'no-new-keys',
    });
    // The next rotation.
    const third = keysOf({ ...newPair(), previousKeys: next });
    await openRing(db, third);
    await beginRotation(db, third, { modules: MODULES, reEncrypt: false, now: NOW });
    await finish(db, third);
    await readsAll(third);
    await expect(settleKeys(db, fresh)).rejects.toMatchObject({ code: 'key-retired' });
  }, 180_000);

  test('with re-encryption the old person keys open nothing either, and the server stays available', async () => {
    const { db } = database;
    const stolen = await personBox(db, before, people);
    const both = keysOf({ ...next, previousKeys: old });
    await openRing(db, both);
    const known = await readPeople(db, both, people);
    await beginRotation(db, both, { modules: MODULES, reEncrypt: true, now: NOW });
    await finish(db, both, () => readPeople(db, both, people).then((found) => expect(found.size).toBe(12)));
    const fresh = keysOf(next);
    await readsAll(fresh);
    // Neither an open form nor a list sorted by the last change treats it as a change.
    expect(await readPeople(db, fresh, people)).toEqual(known);
    const { rows } = await sql<{ personal: Uint8Array }>`
      select personal from event where person is not null and personal is not null
      union all select sealed from template
      union all select content from quarantine where person is not null
      union all select pgp_sym_decrypt_bytea(profile, ${fresh.pgcrypto(2)}) from person`.execute(db);
    expect(rows.length).toBeGreaterThan(40);
    for (const { personal } of rows) expect(labelOf(personal)).toEqual({ format: FORMAT.person, version: 2 });
    const event = await db
      .selectFrom('event')
      .select(['id', 'person', 'personal', 'gps'])
      .where('type', '=', 'checkin')
      .executeTakeFirstOrThrow();
    // Whatever the label says.
    const relabelled = (bytes: Uint8Array) => Buffer.concat([Buffer.from([FORMAT.person, 0, 1]), bytes.subarray(3)]);
    expect(() => openHalf(before, stolen, { ...event, personal: relabelled(event.personal!), gps: null })).toThrowError(
      expect.objectContaining({ code: 'envelope-broken' }),
    );
    const { rows: kept } = await sql`select from keyring.person_key where previous is not null`.execute(db);
    expect(kept).toEqual([]);
  }, 180_000);

  test('begins only when every process has both key pairs, and refuses to start without a pair that is needed', async () => {
    const { db } = database;
    const both = keysOf({ ...next, previousKeys: old });
    await expect(beginRotation(db, before, { modules: MODULES, reEncrypt: false, now: NOW })).rejects.toMatchObject({
      code: 'no-new-keys',
    });
    const sleeper = randomUUID();
    await beat(db, before, sleeper);
    await openRing(db, both);
    await expect(beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW })).rejects.toMatchObject({
      code: 'replicas-lack-keys',
    });
    await beat(db, both, sleeper);
    await beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW });
    await advanceRotation(db, both, { modules: MODULES, budgetMs: 0, now });
    // It holds both, and doesn't know yet that it must write the new version.
    expect(await advanceRotation(db, both, { modules: MODULES, budgetMs: 0, now })).toMatchObject({
      phase: 'switched',
      waitsFor: 'server processes to start using the new keys: 1',
    });
    await expect(settleKeys(db, keysOf(old))).rejects.toMatchObject({ code: 'rotation-under-way' });
    await expect(settleKeys(db, keysOf(next))).rejects.toMatchObject({ code: 'rotation-unfinished' });
    await expect(settleKeys(db, keysOf({ ...newPair(), previousKeys: old }))).rejects.toMatchObject({
      code: 'rotation-under-way',
    });
    await settleKeys(db, both);
    await beat(db, both, sleeper);
    await finish(db, both);
    await beginRotation(db, keysOf({ ...old, previousKeys: next }), {
      modules: MODULES,
      reEncrypt: false,
      now: NOW,
    }).then(
      () => expect.unreachable(),
      (cause: unknown) => expect(cause).toMatchObject({ code: 'keys-used-before' }),
    );
  }, 180_000);

  test('the database itself refuses writes of a process that missed the switch', async () => {
    const { db } = database;
    const both = keysOf({ ...next, previousKeys: old });
    await openRing(db, both);
    const asleep = keysOf(old);
    await settleKeys(db, asleep);
    await beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW });
    await finish(db, both);
    const write = (keys: Keys) =>
      inTransaction(db, (tx) => writePerson(tx, keys, { id: randomUUID(), patch: { name: 'Late' } }, NOW));
    await expect(write(asleep)).rejects.toMatchObject({ code: 'SPK01' });
    await expect(personBox(db, asleep, [randomUUID()], { make: true })).rejects.toMatchObject({ code: 'SPK01' });
    await write(both);
    expect(await leftOver(db, 1)).toEqual({});
  }, 180_000);

  test('keeps the old keys while they encrypt anything unknown', async () => {
    const { db } = database;
    const both = keysOf({ ...next, previousKeys: old });
    await openRing(db, both);
    await sql`create table forgotten (id int primary key, note bytea)`.execute(db);
    const place = { field: 'forgotten', person: null, record: '1', rowVersion: 1 };
    await sql`insert into forgotten values (1, ${both.seal('field', place, randomBytes(20))})`.execute(db);
    await beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW });
    await expect(finish(db, both)).rejects.toMatchObject({
      code: 'rotation-left-over',
      message: expect.stringContaining('public.forgotten.note (1)'),
    });
    expect(await readRotation(db)).toMatchObject({ phase: 'working' });
    await expect(settleKeys(db, keysOf(next))).rejects.toMatchObject({ code: 'rotation-unfinished' });
    await sql`update forgotten set note = ${both.seal('field', place, randomBytes(20))}`.execute(db);
    await finish(db, both);
    await readsAll(both.alone());
  }, 180_000);

  // PGlite has one connection, so nobody else can lock a table.
  if (name !== 'PGlite')
    test('waits for a transaction that locks a table for long, and then continues', async () => {
      const { db } = database;
      const both = keysOf({ ...next, previousKeys: old });
      await openRing(db, both);
      await beginRotation(db, both, { modules: MODULES, reEncrypt: false, now: NOW });
      await advanceRotation(db, both, { modules: MODULES, budgetMs: 0, now });
      await db.transaction().execute(async (tx) => {
        await sql`lock table template, account, person in row exclusive mode`.execute(tx);
        expect(await advanceRotation(db, both, { modules: MODULES, budgetMs: 0, now })).toMatchObject({
          phase: 'switched',
          waitsFor: 'a transaction that locks a table',
        });
      });
      await finish(db, both);
      await readsAll(both.alone());
    }, 180_000);

  test('every registered column exists in the database, so that a misspelling skips none', async () => {
    for (const table of SEALED) await pageOf(database.db, table, null, 1);
    expect(new Set(SEALED.map((t) => t.table)).size).toBe(SEALED.length);
  });
});
