import { sql, type Transaction } from 'kysely';
import { lockName } from '../database/once.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db, Tables } from '../database/schema.ts';
import { type PersonalHalf, sealHalf, sealRefused } from '../ingest/personal.ts';
import type { Keys } from '../keys/envelope.ts';
import { FORMAT } from '../keys/gcm.ts';
import { personBox } from '../keys/persons.ts';
import { selectRows, upsertRows } from './rows.ts';

/** Rows sealed anew in one transaction. */
const BATCH = 500;
const NIL = '00000000-0000-0000-0000-000000000000';
const DONE = 'person-keys';

export interface Adopted {
  readonly people: number;
  readonly events: number;
  readonly templates: number;
  readonly quarantined: number;
}

/**
 * Seals what a build before person keys has written under each person's own key: once, before anything is served, since
 * an erasure by destroying a key must find everything under it. Goes on where it was stopped; replicas that start
 * together share the work. Replicas of that earlier build must be stopped before.
 *
 * @returns what was sealed anew; null when there was nothing to do
 */
export async function adoptPersonKeys(db: Db, keys: Keys, now: () => Date): Promise<Adopted | null> {
  const done = await db.selectFrom('meta').select('value').where('key', '=', DONE).executeTakeFirst();
  if (done) return null;
  const adopted = {
    people: await inBatches(db, (tx, after) => people(tx, keys, after, now())),
    templates: await inBatches(db, (tx, after) => templates(tx, keys, after)),
    events: await inBatches(db, (tx, after) => events(tx, keys, after)),
    quarantined: await inBatches(db, (tx, after) => quarantined(tx, keys, after)),
  };
  await db
    .insertInto('meta')
    .values({ key: DONE, value: 'done' })
    .onConflict((c) => c.doNothing())
    .execute();
  return adopted;
}

/** What one transaction has done; `last` null: that was all. */
interface Batch {
  readonly count: number;
  readonly last: string | null;
}

async function inBatches(db: Db, work: (tx: Transaction<Tables>, after: string) => Promise<Batch>): Promise<number> {
  let count = 0;
  for (let after: string | null = NIL; after !== null; ) {
    const from: string = after;
    const batch: Batch = await inTransaction(db, async (tx) => {
      await lockName(tx, 'adopt-person-keys');
      return work(tx, from);
    });
    count += batch.count;
    after = batch.last;
  }
  return count;
}

const lastOf = (ids: readonly string[]): string | null => (ids.length < BATCH ? null : ids.at(-1)!);

async function people(tx: Transaction<Tables>, keys: Keys, after: string, now: Date): Promise<Batch> {
  const rows = await tx
    .selectFrom('person')
    .select('id')
    .where('pii_version', '=', 0)
    .where('deleted_at', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(BATCH)
    .execute();
  const ids = rows.map((r) => r.id);
  const held = await selectRows(tx, keys, ids, { lock: true });
  await upsertRows(
    tx,
    keys,
    held.map((r) => ({ ...r, rowVersion: r.rowVersion + 1, claimedAt: r.claimedAt ?? new Date(0) })),
    now,
  );
  return { count: held.length, last: lastOf(ids) };
}

/** Envelopes that are under the environment's keys although a person is known. */
const old = (column: 'personal' | 'sealed' | 'content') =>
  sql<boolean>`${sql.ref(column)} is not null and get_byte(${sql.ref(column)}, 0) = ${FORMAT.environment}::int`;

async function templates(tx: Transaction<Tables>, keys: Keys, after: string): Promise<Batch> {
  const rows = await tx
    .selectFrom('template')
    .select(['id', 'person', 'sealed'])
    .where('id', '>', after)
    .where(old('sealed'))
    .orderBy('id')
    .limit(BATCH)
    .forUpdate()
    .execute();
  const box = await personBox(
    tx,
    keys,
    rows.map((r) => r.person),
    { make: true },
  );
  const sealed = rows.map(({ id, person, sealed }) => {
    const place = { field: 'template.vector', person, record: id, rowVersion: 1 };
    return box.seal(place, keys.open('field', place, sealed)).toString('base64');
  });
  const ids = rows.map((r) => r.id);
  await sql`update template t set sealed = decode(u.sealed, 'base64')
            from unnest(${ids}::uuid[], ${sealed}::text[]) as u (id, sealed) where t.id = u.id`.execute(tx);
  return { count: rows.length, last: lastOf(ids) };
}

async function events(tx: Transaction<Tables>, keys: Keys, after: string): Promise<Batch> {
  const rows = await tx
    .selectFrom('event')
    .select(['id', 'person', 'personal'])
    .where('id', '>', after)
    .where('person', 'is not', null)
    .where(old('personal'))
    .orderBy('id')
    .limit(BATCH)
    .forUpdate()
    .execute();
  const box = await personBox(
    tx,
    keys,
    rows.map((r) => r.person!),
    { make: true },
  );
  const halves = rows.map(({ id, person, personal }) => {
    const place = { field: 'event.personal', person, record: id, rowVersion: 1 };
    return sealHalf(keys, box, id, person, keys.openJson(place, personal!) as PersonalHalf);
  });
  const ids = rows.map((r) => r.id);
  const column = (half: 'personal' | 'gps') => halves.map((h) => h[half]?.toString('base64') ?? null);
  await sql`update event e set personal = decode(u.personal, 'base64'), gps = decode(u.gps, 'base64')
            from unnest(${ids}::uuid[], ${column('personal')}::text[], ${column('gps')}::text[])
              as u (id, personal, gps) where e.id = u.id`.execute(tx);
  return { count: rows.length, last: lastOf(ids) };
}

/** Their ids are numbers, and few: all at once, in batches of what is left. */
async function quarantined(tx: Transaction<Tables>, keys: Keys, after: string): Promise<Batch> {
  const rows = await tx
    .selectFrom('quarantine')
    .select(['id', 'digest', 'person', 'content'])
    .where('person', 'is not', null)
    .where(old('content'))
    .orderBy('id')
    .limit(BATCH)
    .forUpdate()
    .execute();
  const box = await personBox(
    tx,
    keys,
    rows.map((r) => r.person!),
    { make: true },
  );
  for (const { id, digest, person, content } of rows) {
    const place = { field: 'quarantine.content', person: null, record: digest, rowVersion: 1 };
    const text = keys.open('field', place, content!).toString('utf8');
    await tx
      .updateTable('quarantine')
      .set({ content: sealRefused(keys, box, { digest, person, content: text }) })
      .where('id', '=', Number(id))
      .execute();
  }
  return { count: rows.length, last: rows.length < BATCH ? null : after };
}
