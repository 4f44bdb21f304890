import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { selectRows } from '../../core/people/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { personBox } from '../../platform/keys/persons.ts';
import { NO_ENVELOPE_NAMES, NO_ENVELOPES, type PersonTable, type SealedTable } from './sealed.ts';
import { type Position, pageOf, type Walked } from './walk.ts';

/** Opens everything with only the new keys. If a value can't be opened, its error is thrown: the rotation stops, without loss. */

/** @param fresh the new keys without the previous ones */
export async function verifySealed(
  db: Db,
  fresh: Keys,
  table: SealedTable,
  after: Position,
  limit: number,
): Promise<Walked> {
  const { rows, next } = await pageOf(db, table, after, limit);
  for (const { cells, sealed } of rows)
    for (const [column, { purpose, place }] of Object.entries(table.columns)) {
      const envelope = sealed[column];
      if (!envelope) continue;
      const plain = fresh.open(purpose, place(cells), envelope);
      plain.fill(0);
    }
  return { count: rows.length, next };
}

export async function verifyOfPersons(
  db: Db,
  fresh: Keys,
  table: PersonTable,
  after: Position,
  limit: number,
): Promise<Walked> {
  const condition = sql`${sql.ref(table.person)} is not null`;
  const { rows, next } = await pageOf(db, table, after, limit, { condition });
  const people = rows.map((r) => String(r.cells[table.person]));
  const box = await personBox(db, fresh, people);
  // Skips people who were erased between the two statements.
  for (const { cells, sealed } of rows) {
    if (!box.has(String(cells[table.person]))) continue;
    for (const [column, place] of Object.entries(table.columns)) {
      const envelope = sealed[column];
      if (envelope) box.open(place(cells), envelope).fill(0);
    }
  }
  return { count: rows.length, next };
}

export async function verifyPeople(db: Db, fresh: Keys, after: Position, limit: number): Promise<Walked> {
  const { rows } = await sql<{ id: string }>`
    select id from person where deleted_at is null ${after === null ? sql`` : sql`and id > ${after}::uuid`}
    order by id limit ${limit}`.execute(db);
  const ids = rows.map((r) => r.id);
  try {
    await selectRows(db, fresh, ids);
  } catch (cause) {
    // Someone was erased between two statements: read people one by one, and skip the erased.
    if (!(cause instanceof Problem && cause.code === 'person-key-destroyed')) throw cause;
    for (const id of ids)
      await selectRows(db, fresh, [id]).catch((reason: unknown) => {
        if (!(reason instanceof Problem && reason.code === 'person-key-destroyed')) throw reason;
      });
  }
  return { count: ids.length, next: ids.length < limit ? null : ids.at(-1)! };
}

/**
 * Counts envelopes of a version in every bytea column of the database, whether a module declares it or not.
 *
 * @returns count by column, without columns that have none
 */
export async function leftOver(db: Db, version: number): Promise<Record<string, number>> {
  const { rows: columns } = await sql<{ schema: string; table: string; column: string }>`
    select c.table_schema as schema, c.table_name as table, c.column_name as column
    from information_schema.columns c
      join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.data_type = 'bytea' and t.table_type = 'BASE TABLE'
      and c.table_schema not in ('pg_catalog', 'information_schema')
    order by 1, 2, 3`.execute(db);
  const found: Record<string, number> = {};
  for (const { schema, table, column } of columns) {
    const name = `${schema}.${table}.${column}`;
    if (NO_ENVELOPES.has(name) || NO_ENVELOPE_NAMES.test(column)) continue;
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ${sql.id(schema, table)}
      where keyring.envelope_version(${sql.ref(column)}) = ${version}::int`.execute(db);
    if (rows[0]!.n > 0) found[name] = rows[0]!.n;
  }
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from person where pii_version = ${version}::int`.execute(db);
  if (rows[0]!.n > 0) found['public.person.pii_version'] = rows[0]!.n;
  return found;
}

/** Counts person keys and people's records by the version of the environment's keys that they are encrypted under. */
export async function countsByVersion(db: Db): Promise<Record<number, number>> {
  const { rows } = await sql<{ version: number; n: number }>`
    select version, sum(n)::int as n from (
      select key_version as version, count(*) as n from keyring.person_key group by 1
      union all select pii_version, count(*) from person where deleted_at is null group by 1) counted
    group by version order by version`.execute(db);
  return Object.fromEntries(rows.map((r) => [r.version, r.n]));
}
