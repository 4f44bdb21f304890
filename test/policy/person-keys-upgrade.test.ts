import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../sync/server/database/migrations.ts';
import { openDatabase } from '../../sync/server/database/open.ts';
import { pgliteDialect } from '../../sync/server/database/pglite-dialect.ts';
import type { Tables } from '../../sync/server/database/schema.ts';
import { openHalf, openRefused } from '../../sync/server/ingest/personal.ts';
import { Keys } from '../../sync/server/keys/envelope.ts';
import { FORMAT } from '../../sync/server/keys/gcm.ts';
import { personBox } from '../../sync/server/keys/persons.ts';
import { Secret } from '../../sync/server/keys/secret.ts';
import { adoptPersonKeys } from '../../sync/server/people/adopt.ts';
import { findPeople, namesOf } from '../../sync/server/people/records.ts';
import { serverHome } from '../sync/kit.ts';

/** A database as the build before person keys left it: its migrations, and its envelopes under the environment's keys. */
const keys = new Keys(new Secret(randomBytes(32)), new Secret(randomBytes(32)));
const PEOPLE = 700;
const people = Array.from({ length: PEOPLE }, () => randomUUID() as string);
const ada = people[0]!;
const [device, epoch, event, unnamed, template] = Array.from({ length: 5 }, () => randomUUID() as string);
const salted = (value: unknown) => ({ salt: randomBytes(16).toString('base64url'), value });
const half = { person: salted(ada), gps: salted('eyJ…'), score: salted(0.8) };
const content = JSON.stringify({ personal: { person: { value: ada } } });
let home: Awaited<ReturnType<typeof serverHome>>;

beforeAll(async () => {
  home = await serverHome();
  const pglite = await PGlite.create({ dataDir: join(home.path, 'pglite'), extensions: { pgcrypto } });
  const db = new Kysely<Tables>({ dialect: pgliteDialect(pglite) });
  await migrate(db, '0006-mends');
  const b64 = (bytes: Buffer) => bytes.toString('base64');
  await sql`insert into device (id, name, status, ed25519, x25519, tls_key_hash, registered_at)
            values (${device}, 'Door', 'approved', 'x', 'x', 'x', now())`.execute(db);
  const value = (field: string, text: string) =>
    people.map((id, i) =>
      b64(keys.sealJson({ field: `person.${field}`, person: id, record: id, rowVersion: 3 }, `${text}${i}`)),
    );
  await sql`insert into person (id, name, number, row_version, updated_at)
            select u.id, decode(u.name, 'base64'), decode(u.number, 'base64'), 3, now()
            from unnest(${people}::uuid[], ${value('name', 'Ada ')}::text[], ${value('number', '10')}::text[])
              as u (id, name, number)`.execute(db);
  for (const [seq, id, person] of [
    [1, event, ada],
    [2, unnamed, null],
  ] as const)
    await sql`insert into event (device, epoch, seq, id, type, at, received_at, header, header_hash, chain, person, personal)
              values (${device}, ${epoch}, ${seq}, ${id}, 'checkin', now(), now(), '{}', ${id}, 'whole', ${person},
                      ${keys.sealJson({ field: 'event.personal', person, record: id!, rowVersion: 1 }, half)})`.execute(
      db,
    );
  await sql`insert into template (id, person, model, pose, sealed, added_at)
            values (${template}, ${ada}, 'm', 'front', ${keys.seal('field', { field: 'template.vector', person: ada, record: template!, rowVersion: 1 }, Buffer.from('vector'))}, now())`.execute(
    db,
  );
  await sql`insert into quarantine (device, epoch, seq, digest, reason, content, person, received_at)
            values (${device}, ${epoch}, 3, 'd', 'event-malformed', ${keys.seal('field', { field: 'quarantine.content', person: null, record: 'd', rowVersion: 1 }, Buffer.from(content))}, ${ada}, now())`.execute(
    db,
  );
  await db.destroy();
}, 60_000);
afterAll(() => home.remove());

test('what the build before person keys wrote is sealed anew under them, once, and reads as before', async () => {
  const database = await openDatabase(home.path);
  try {
    const { db } = database;
    const adopt = () => adoptPersonKeys(db, keys, () => new Date());
    expect(await adopt()).toEqual({ people: PEOPLE, events: 1, templates: 1, quarantined: 1 });
    expect(await adopt()).toBeNull();
    const names = await namesOf(db, keys, people);
    expect(people.map((id) => names.get(id))).toEqual(people.map((_, i) => `Ada ${i}`));
    expect(await findPeople(db, keys, { number: '107' })).toEqual([people[7]]);
    const box = await personBox(db, keys, people);
    const row = (id: string) =>
      db.selectFrom('event').select(['id', 'person', 'personal', 'gps']).where('id', '=', id).executeTakeFirstOrThrow();
    const named = await row(event!);
    expect([named.personal![0], named.gps![0]]).toEqual([FORMAT.person, FORMAT.person]);
    expect(openHalf(keys, box, named)).toEqual(half);
    expect(openHalf(keys, box, await row(unnamed!)), 'what names nobody stays as it was').toEqual(half);
    const held = await db.selectFrom('template').selectAll().executeTakeFirstOrThrow();
    const place = { field: 'template.vector', person: ada, record: template!, rowVersion: 1 };
    expect(box.open(place, held.sealed).toString()).toBe('vector');
    const refused = await db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow();
    expect(openRefused(keys, box, { ...refused, content: refused.content! })).toEqual(JSON.parse(content));
  } finally {
    await database.close();
  }
}, 60_000);
