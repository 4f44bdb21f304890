import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Frame, type Head, malformed, type TableHead } from '../../platform/objects/sealed/frames.ts';
import {
  type Column,
  listForeignKeys,
  listPartitions,
  listTables,
  listTriggered,
  nameOf,
  quote,
  quoted,
  type Table,
} from './dump.ts';

export interface Loaded {
  readonly head: Head;
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Drops foreign keys and disables our triggers while `work` fills tables in any order, and restores them. The database then
 * checks every reference. All in the caller's transaction.
 */
export async function withoutConstraints(tx: Tx, work: () => Promise<void>): Promise<void> {
  const foreignKeys = await listForeignKeys(tx);
  const triggered = await listTriggered(tx);
  const run = (statement: string) => sql.raw(statement).execute(tx);
  for (const { table, name } of foreignKeys) await run(`alter table ${table} drop constraint ${quote(name)}`);
  for (const table of triggered) await run(`alter table ${table} disable trigger user`);
  await work();
  for (const table of triggered) await run(`alter table ${table} enable trigger user`);
  for (const { table, name, definition } of foreignKeys)
    await run(`alter table ${table} add constraint ${quote(name)} ${definition}`);
}

/**
 * Loads the rows of a stream into tables of the same shape. The tables are emptied first, since rows inserted by migrations
 * are in the stream too. Sequences continue where they were.
 *
 * @throws Problem `backup-malformed`, `backup-shape-differs`
 */
export async function load(
  tx: Tx,
  frames: AsyncIterable<Frame>,
  o: { readonly progress?: (rows: number) => void } = {},
): Promise<Loaded> {
  const present = new Map((await listTables(tx)).map((t) => [nameOf(t), t]));
  const rows: Record<string, number> = {};
  let head: Head | null = null;
  let table: { readonly name: string; readonly insert: (page: readonly string[]) => Promise<void> } | null = null;
  let ended = false;
  for await (const frame of frames) {
    if (ended) throw malformed('something follows its end');
    if (!head) {
      if (frame.kind !== 'head') throw malformed('it does not begin with its head');
      head = frame.value;
      await makePartitions(tx, head);
      continue;
    }
    if (frame.kind === 'table') {
      if (table) throw malformed('a table begins inside another');
      const name = nameOf(frame.value);
      const there = present.get(name);
      if (!there || name in rows) throw malformed(`table ${name} is unknown or there twice`);
      table = { name, insert: await inserter(tx, frame.value, there, Object.keys(rows).length) };
      rows[name] = 0;
    } else if (frame.kind === 'rows') {
      if (!table || !Array.isArray(frame.value)) throw malformed('rows without a table');
      await table.insert(frame.value);
      rows[table.name] = (rows[table.name] ?? 0) + frame.value.length;
      o.progress?.(frame.value.length);
    } else if (frame.kind === 'tableEnd') {
      if (!table || rows[table.name] !== frame.value.rows) throw malformed('a table has not as many rows as it says');
      table = null;
    } else if (frame.kind === 'end') {
      const total = Object.values(rows).reduce((a, b) => a + b, 0);
      if (table || frame.value.tables !== Object.keys(rows).length || frame.value.rows !== total)
        throw malformed('it has not as many rows as it says');
      for (const { schema, name, last } of frame.value.sequences)
        if (last !== null)
          await sql`select setval(${quoted(schema, name)}::regclass, ${last}::bigint, true)`.execute(tx);
      ended = true;
    } else throw malformed('it has two heads');
  }
  if (!head || !ended) throw malformed('it has no end');
  return { head, rows };
}

/** Whether a column has transaction ids. Those of the old database mean nothing in the new one. */
const isTransactionId = (column: Column) => column.name === 'change' && column.type === 'bigint';

async function inserter(
  tx: Tx,
  table: TableHead,
  there: Table,
  number: number,
): Promise<(page: readonly string[]) => Promise<void>> {
  const shape = (columns: readonly Column[]) =>
    columns
      .map((c) => `${c.name} ${c.type}`)
      .sort()
      .join(', ');
  if (shape(table.columns) !== shape(there.columns))
    throw new Problem('backup-shape-differs', { table: nameOf(table) });
  const target = quoted(table.schema, table.name);
  await sql.raw(`truncate ${target} cascade`).execute(tx);
  // A composite type with the columns in the backup's order, so that it parses rows exactly as they were written.
  const type = quote(`restore_row_${table.schema === 'keyring' ? 'k' : 'd'}${number}`);
  const definition = table.columns.map((c) => `${quote(c.name)} ${c.type}`).join(', ');
  await sql.raw(`create temporary table ${type} (${definition}) on commit drop`).execute(tx);
  const columns = table.columns.map((c) => quote(c.name)).join(', ');
  const values = table.columns.map((c) =>
    isTransactionId(c) ? 'pg_current_xact_id()::text::bigint' : `(x.r).${quote(c.name)}`,
  );
  const statement = [
    sql.raw(`insert into ${target} (${columns}) overriding system value select ${values.join(', ')}
      from (select v::pg_temp.${type} as r from unnest(`),
    sql.raw(`::text[]) v offset 0) x`),
  ] as const;
  return async (page) => {
    await sql`${statement[0]}${[...page]}${statement[1]}`.execute(tx);
  };
}

/** Creates the partitions of the stream that don't exist yet. The default partition is still empty. */
async function makePartitions(tx: Tx, head: Head): Promise<void> {
  const here = new Set((await listPartitions(tx)).map(nameOf));
  for (const p of head.partitions) {
    if (here.has(nameOf(p))) continue;
    const [schema = '', name = ''] = p.parent.split('.');
    // The bound can only be passed as SQL. We wrote it ourselves, and it is authenticated with the rest of the backup.
    if (!/^(DEFAULT|FOR VALUES [^;]{1,200})$/.test(p.bound)) throw malformed('a partition has no readable bound');
    await sql
      .raw(`create table ${quoted(p.schema, p.name)} partition of ${quoted(schema, name)} ${p.bound}`)
      .execute(tx);
  }
}

/**
 * Makes sure that a database is empty: it has no tables, or was migrated but never opened by a server, as an interrupted
 * restore leaves it.
 *
 * @throws Problem `database-not-empty`
 */
export async function requireEmpty(db: Db): Promise<void> {
  const tables = await listTables(db);
  if (tables.length === 0) return;
  const ours = tables.some((t) => nameOf(t) === 'public.meta');
  if (ours && !(await find(db, 'meta', { key: 'log-epoch' }, ['key']))) return;
  throw new Problem('database-not-empty', { count: tables.length });
}
