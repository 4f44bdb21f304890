import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { INDEX_COLUMNS, indexesOf, PGCRYPTO_OPTIONS, selectRows, upsertRows } from '../../core/people/rows.ts';
import { idsOf } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { KEY_BYTES, nextGeneration, personBox, personKeyPlace } from '../../platform/keys/persons.ts';
import type { SealedTables } from './sealed.ts';
import { type Position, resealOf, type Walked } from './walk.ts';

/**
 * Moves people's records to the new version: pgcrypto's layer and the blind indexes. The envelopes inside are under the people's
 * own keys and stay unchanged.
 */
export async function relayPeople(tx: Tx, keys: Keys, after: Position, limit: number): Promise<Walked> {
  const { rows } = await sql<{ id: string; pii_version: number }>`
    select id, pii_version from person
    where pii_version not in (0, ${keys.version}::int) ${after === null ? sql`` : sql`and id > ${after}::uuid`}
    order by id limit ${limit} for no key update`.execute(tx);
  const ids = rows.map((r) => r.id);
  const opened = await selectRows(tx, keys, ids);
  for (const from of new Set(rows.map((r) => r.pii_version)))
    await sql`
      update person p set pii_version = ${keys.version}::int,
        profile = pgp_sym_encrypt_bytea(
          pgp_sym_decrypt_bytea(p.profile, ${keys.pgcrypto(from)}::text), ${keys.pgcrypto()}::text, ${PGCRYPTO_OPTIONS}::text),
        ${sql.join(INDEX_COLUMNS.map((c) => sql`${sql.ref(c)} = decode(u.${sql.ref(c)}, 'base64')`))}
      from unnest(${idsOf(opened)}::uuid[], ${indexesOf(keys, opened)})
        as u (id, ${sql.join(INDEX_COLUMNS.map((c) => sql.ref(c)))})
      where p.id = u.id and p.pii_version = ${from}::int`.execute(tx);
  return { count: ids.length, next: ids.length < limit ? null : ids.at(-1)! };
}

/**
 * Gives people new keys and re-encrypts all their data under them (`--re-encrypt`). Old keys, e.g. from a stolen copy of the
 * keyring, then open nothing that is here.
 *
 * @returns how many rows were re-encrypted
 */
export async function renewPeople(
  tx: Tx,
  keys: Keys,
  { persons }: SealedTables,
  after: Position,
  limit: number,
): Promise<Walked> {
  const { rows } = await sql<{ person: string; generation: number }>`
    select person, generation from keyring.person_key ${after === null ? sql`` : sql`where person > ${after}::uuid`}
    order by person limit ${limit}`.execute(tx);
  const ids = rows.map((r) => r.person);
  // A transaction that writes about one of them waits (people.ts, lockPeople), or has committed and is visible below.
  await sql`select pg_advisory_xact_lock(hashtextextended('person:' || id, 0)) from unnest(${ids}::text[]) as id`.execute(
    tx,
  );
  await sql`select from person where id = any(${ids}::uuid[]) order by id for update`.execute(tx);
  const records = (await selectRows(tx, keys, ids)).filter((r) => r.deletedAt === null);
  const old = await personBox(tx, keys, ids);
  // Skips people who were erased while we waited for the locks.
  const living = rows.filter((r) => old.has(r.person));
  const held = living.map((r) => r.person);
  const sealed = living.map(({ person, generation }) => {
    const next = nextGeneration(generation);
    const bytes = Buffer.concat([randomBytes(KEY_BYTES), old.auditRoot(person)!.export()]);
    return { next, text: keys.seal('keyring', personKeyPlace(person, next), bytes).toString('base64') };
  });
  await sql`
    update keyring.person_key k set previous = k.sealed, sealed = decode(u.sealed, 'base64'), generation = u.generation, key_version = ${keys.version}::int
    from unnest(${held}::uuid[], ${sealed.map((s) => s.next)}::int[], ${sealed.map((s) => s.text)}::text[])
      as u (person, generation, sealed) where k.person = u.person`.execute(tx);
  const renewed = await personBox(tx, keys, held);
  let count = records.length;
  // The values don't change, so version and time are kept, for open forms and lists sorted by the last change.
  await upsertRows(
    tx,
    keys,
    records.map((r) => ({ ...r, claimedAt: r.claimedAt ?? new Date(0) })),
  );
  for (const table of persons) count += await resealOf(tx, table, held, old, renewed, 500);
  return { count: held.length + count, next: ids.length < limit ? null : ids.at(-1)! };
}

/** Destroys people's previous keys, at the end of `--re-encrypt`. */
export async function dropPrevious(tx: Tx, after: Position, limit: number): Promise<Walked> {
  const { rows } = await sql<{ person: string }>`
    with chosen as (
      select person from keyring.person_key
      where previous is not null ${after === null ? sql`` : sql`and person > ${after}::uuid`}
      order by person limit ${limit} for no key update)
    update keyring.person_key k set previous = null from chosen where k.person = chosen.person returning k.person`.execute(
    tx,
  );
  const ids = rows.map((r) => r.person).sort();
  return { count: ids.length, next: ids.length < limit ? null : ids.at(-1)! };
}
