import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { findPeople, namesOf, readPeople, writePerson } from '../../sync/server/core/people/records.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { destroyPersonKeys, personBox } from '../../sync/server/platform/keys/persons.ts';
import { Secret } from '../../sync/server/platform/secrets/secret.ts';
import { DATABASES } from '../kit/databases.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';

const secret = () => new Secret(randomBytes(32));
const keys = new Keys(secret(), secret());
const NOW = new Date('2026-03-02T08:00:00Z');
const place = (person: string, field = 'person.name') => ({ field, person, record: person, rowVersion: 1 });
const ADA = {
  name: 'Ada Lovelace',
  number: '1815',
  email: 'Ada.Lovelace@Example.org',
  phone: '+44 20 7946 0018',
  badge: '04:A2:24:5B',
  language: 'en',
};

describe.each(DATABASES)('on $name', (kind) => {
  let database: OpenDatabase;
  withDatabase(kind, (opened) => {
    database = opened;
  });
  const write = (id: string, patch: Parameters<typeof writePerson>[2]['patch'], expectVersion?: number) =>
    inTransaction(database.db, (tx) =>
      writePerson(tx, keys, { id, patch, ...(expectVersion === undefined ? {} : { expectVersion }) }, NOW),
    );

  describe('a person key', () => {
    test('opens only what was sealed under it, in the same place, for the same person', async () => {
      const [ada, grace] = [randomUUID(), randomUUID()];
      const box = await personBox(database.db, keys, [ada, grace], { make: true });
      const sealed = box.sealJson(place(ada), 'Ada');
      const later = await personBox(database.db, keys, [ada, grace]);
      expect(later.openJson(place(ada), sealed)).toBe('Ada');
      for (const other of [place(grace), place(ada, 'person.email'), { ...place(ada), rowVersion: 2 }])
        expect(() => later.open(other, sealed)).toThrowError(expect.objectContaining({ code: 'envelope-broken' }));
      expect(() => keys.open('field', place(ada), sealed)).toThrowError(
        expect.objectContaining({ code: 'envelope-unknown-version' }),
      );
    });

    test('is deleted everywhere at once when destroyed, and a lookup does not recreate it', async () => {
      const person = randomUUID();
      const sealed = (await personBox(database.db, keys, [person], { make: true })).sealJson(place(person), 'Ada');
      expect(await inTransaction(database.db, (tx) => destroyPersonKeys(tx, [person]))).toBe(1);
      const box = await personBox(database.db, keys, [person]);
      expect(box.has(person)).toBe(false);
      for (const attempt of [() => box.openJson(place(person), sealed), () => box.sealJson(place(person), 'x')])
        expect(attempt).toThrowError(expect.objectContaining({ code: 'person-key-destroyed' }));
    });

    test('is never made for an erased person, no matter who asks', async () => {
      const [ada, grace] = [randomUUID(), randomUUID()];
      await write(ada, { name: 'Ada' });
      await inTransaction(database.db, async (tx) => {
        await destroyPersonKeys(tx, [ada]);
        await tx.updateTable('person').set({ deleted_at: NOW }).where('id', '=', ada).execute();
      });
      const attempt = inTransaction(database.db, (tx) => personBox(tx, keys, [ada, grace], { make: true }));
      await expect(attempt).rejects.toMatchObject({ code: 'person-erased' });
      const box = await personBox(database.db, keys, [ada, grace]);
      expect([box.has(ada), box.has(grace)]).toEqual([false, false]);
    });

    test('is made once, however many transactions ask at the same moment', async () => {
      const people = Array.from({ length: 20 }, () => randomUUID());
      const boxes = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          inTransaction(database.db, (tx) => personBox(tx, keys, i % 2 ? people : people.toReversed(), { make: true })),
        ),
      );
      for (const person of people) {
        const sealed = boxes[0]!.sealJson(place(person), person);
        for (const box of boxes) expect(box.openJson(place(person), sealed)).toBe(person);
      }
    });

    test('does not open if either environment key is replaced', async () => {
      const person = randomUUID();
      await personBox(database.db, keys, [person], { make: true });
      await expect(personBox(database.db, new Keys(secret(), secret()), [person])).rejects.toMatchObject({
        code: 'envelope-broken',
      });
    });
  });

  describe('a check-in’s position', () => {
    test('is stored separately, sealed by the kiosk and under the person’s key; its purge keeps the rest and the chain', async () => {
      const { db } = database;
      const box = await registerKiosk(db, { at: NOW });
      const person = box.person('Ada');
      const gps = 'ciphertext-of-the-kiosk';
      const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
      const { header } = box.append('checkin', open, { person, score: 0.8, gps }, NOW);
      await deliverTo(db, keys, box, box.events, { first: 1, now: NOW });
      const read = () =>
        db
          .selectFrom('event')
          .select(['id', 'person', 'personal', 'gps', 'chain'])
          .where('id', '=', header.id)
          .executeTakeFirstOrThrow();
      const row = await read();
      expect(Buffer.from(row.gps!).includes(gps)).toBe(false);
      const theirs = await personBox(db, keys, [person]);
      expect(openHalf(keys, theirs, row).gps?.value).toBe(gps);
      expect(openHalf(keys, theirs, { ...row, gps: null })).not.toHaveProperty('gps');
      await db.updateTable('event').set({ gps: null }).where('id', '=', header.id).execute();
      const purged = await read();
      expect(Object.keys(openHalf(keys, theirs, purged)).sort()).toEqual(['person', 'score']);
      expect(purged.chain).toBe('whole');
    });
  });

  describe('a person’s record', () => {
    test('is read as written; a patch keeps what it does not name, and null clears a field', async () => {
      const id = randomUUID();
      expect(await write(id, ADA, 0)).toEqual({ version: 1, changed: Object.keys(ADA) });
      expect((await readPeople(database.db, keys, [id])).get(id)).toMatchObject({ ...ADA, id, version: 1 });
      expect(await write(id, { phone: null, name: 'Ada King', gpsOptOut: true }, 1)).toEqual({
        version: 2,
        changed: ['name', 'phone', 'gpsOptOut'],
      });
      expect((await readPeople(database.db, keys, [id])).get(id)).toMatchObject({
        ...ADA,
        name: 'Ada King',
        phone: null,
        gpsOptOut: true,
      });
      expect(await namesOf(database.db, keys, [id])).toEqual(new Map([[id, 'Ada King']]));
      expect(await write(id, { name: 'Ada King' }), 'nothing was changed').toEqual({ version: 2, changed: [] });
      await expect(write(id, { name: 'x' }, 1)).rejects.toMatchObject({ code: 'person-changed' });
      await expect(write(randomUUID(), { name: 'x' }, 7)).rejects.toMatchObject({ code: 'person-unknown' });
    });

    test('is found by e-mail, number and badge through the blind index, whatever the capitalisation', async () => {
      const id = randomUUID();
      const email = `zoë.${id}@example.org`;
      await write(id, { name: 'Zoë', email, number: `n${id}`, badge: `b${id}` });
      for (const what of [
        { email },
        { email: `  ZOË.${id}@Example.ORG ` },
        { email: email.normalize('NFD') },
        { number: ` n${id}` },
        { badge: `b${id}` },
        { badge: `b${id}`, email },
      ])
        expect(await findPeople(database.db, keys, what), JSON.stringify(what)).toEqual([id]);
      for (const what of [{ email: `b${id}` }, { badge: `b${id}`, email: 'other@example.org' }, {}])
        expect(await findPeople(database.db, keys, what)).toEqual([]);
      await write(id, { email: null });
      expect(await findPeople(database.db, keys, { email })).toEqual([]);
    });

    test('is encrypted by pgcrypto with AES-256, and inside that under the person’s key', async () => {
      const id = randomUUID();
      await write(id, ADA);
      const row = await database.db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
      const box = await personBox(database.db, keys, [id]);
      const message = Buffer.from(row.profile!);
      // RFC 4880 §5.3: a symmetric-key packet of version 4, whose cipher 9 is AES-256.
      expect([message[0], message[2], message[3]]).toEqual([0xc3, 4, 9]);
      const { rows } = await sql<{ inner: Uint8Array }>`
        select pgp_sym_decrypt_bytea(${message}, ${keys.pgcrypto()}::text) as inner`.execute(database.db);
      const inner = Buffer.from(rows[0]!.inner);
      for (const value of Object.values(ADA)) expect(inner.includes(value)).toBe(false);
      expect(box.openJson({ ...place(id, 'person.profile'), record: id }, inner)).toEqual(ADA);
    });

    test('is reported as unreadable, not as empty, if its keys are missing', async () => {
      const id = randomUUID();
      await write(id, ADA);
      await database.db.updateTable('person').set({ pii_version: 9 }).where('id', '=', id).execute();
      await expect(readPeople(database.db, keys, [id])).rejects.toMatchObject({ code: 'key-version-unknown' });
    });

    test('does not open in another person’s row or as an earlier version of itself', async () => {
      const [ada, grace] = [randomUUID(), randomUUID()];
      await write(ada, { name: 'Ada' });
      await write(grace, { name: 'Grace' });
      const old = await database.db
        .selectFrom('person')
        .select('profile')
        .where('id', '=', ada)
        .executeTakeFirstOrThrow();
      await database.db.updateTable('person').set(old).where('id', '=', grace).execute();
      await expect(readPeople(database.db, keys, [grace])).rejects.toMatchObject({ code: 'envelope-broken' });
      await write(ada, { name: 'Ada King' });
      await database.db.updateTable('person').set(old).where('id', '=', ada).execute();
      await expect(readPeople(database.db, keys, [ada])).rejects.toMatchObject({ code: 'envelope-broken' });
    });
  });
});
