import { sql } from 'kysely';
import { appliedMigrations } from '../../platform/database/migrations.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Frame, frameBytes } from '../../platform/objects/sealed/frames.ts';

/**
 * Reads the contents of a database from its own catalogue, so that a table added by a later migration is in the next backup
 * without anyone having to think of it.
 */

export interface Column {
  readonly name: string;
  /** As `format_type` writes it, such as `timestamp with time zone`. */
  readonly type: string;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
}

export interface Partition {
  /** The partitioned table, `"schema"."name"`. */
  readonly parent: string;
  readonly schema: string;
  readonly name: string;
  /** `FOR VALUES FROM (…) TO (…)` or `DEFAULT`, in UTC. */
  readonly bound: string;
}

export interface Sequence {
  readonly schema: string;
  readonly name: string;
  /** Last value returned, or null if there was none yet. */
  readonly last: string | null;
}

/** Schema that is backed up separately, under its own key. */
export const KEYRING = 'keyring';

/** The migrator's tables. They are not backed up, since migrating the new database creates them. */
const MIGRATOR = ['kysely_migration', 'kysely_migration_lock'];

const OURS = sql`n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`;
/** Created by an extension (pgcrypto), and restored with it. */
const OWN = sql`not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

/** `"schema"."name"` */
export const quoted = (schema: string, name: string) => `${quote(schema)}.${quote(name)}`;
export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Lists all tables with our rows, by name. A partitioned table is listed once, as its parent. */
export async function listTables(db: Db): Promise<Table[]> {
  const { rows } = await sql<{ schema: string; name: string; columns: Column[] }>`
    select n.nspname as schema, c.relname as name,
           (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
            from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and ${OURS} and ${OWN}
    order by 1, 2`.execute(db);
  return rows.filter((t) => !MIGRATOR.includes(t.name));
}

export async function listPartitions(db: Db): Promise<Partition[]> {
  const { rows } = await sql<Partition>`
    select pn.nspname || '.' || p.relname as parent, n.nspname as schema, c.relname as name,
           pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_class p on p.oid = i.inhparent
    join pg_namespace pn on pn.oid = p.relnamespace
    where c.relispartition and c.relkind = 'r' and ${OURS}
    order by n.nspname, c.relname`.execute(db);
  return rows;
}

export async function listSequences(db: Db): Promise<Sequence[]> {
  const { rows } = await sql<Sequence>`
    select schemaname as schema, sequencename as name, last_value::text as last from pg_sequences n
    where n.schemaname not like 'pg\\_%' order by 1, 2`.execute(db);
  return rows;
}

/** Lists the foreign keys of our tables, with what is needed to drop and recreate each. */
export async function listForeignKeys(db: Db): Promise<{ table: string; name: string; definition: string }[]> {
  const { rows } = await sql<{ schema: string; table: string; name: string; definition: string }>`
    select n.nspname as schema, c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.conparentid = 0 and ${OURS}
    order by 1, 2, 3`.execute(db);
  return rows.map((r) => ({ table: quoted(r.schema, r.table), name: r.name, definition: r.definition }));
}

export async function listTriggered(db: Db): Promise<string[]> {
  const { rows } = await sql<{ schema: string; name: string }>`
    select distinct n.nspname as schema, c.relname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and not c.relispartition and ${OURS}
    order by 1, 2`.execute(db);
  return rows.map((r) => quoted(r.schema, r.name));
}

/** Approximate size of a page of rows, characters. Limits the memory used for a table. */
const PAGE = 512 * 1024;
/** Rows of a table's first page, few in case rows are large, and most rows of any page. */
const FIRST_ROWS = 16;
const MOST_ROWS = 2000;

/**
 * Runs `work` in one snapshot of the whole database, without what commits meanwhile. Read-only, so that it takes no
 * transaction id and doesn't block readers of the live feed.
 */
export function inSnapshot<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      // Makes the text of every value exact, whatever the server's settings, and disables time-outs for slow uploads.
      for (const setting of [
        `set local timezone = 'UTC'`,
        `set local datestyle = 'ISO, YMD'`,
        `set local intervalstyle = 'iso_8601'`,
        `set local bytea_output = 'hex'`,
        'set local extra_float_digits = 1',
        'set local statement_timeout = 0',
        'set local idle_in_transaction_session_timeout = 0',
      ])
        await sql.raw(setting).execute(tx);
      return work(tx);
    });
}

export interface DumpOptions {
  readonly id: string;
  readonly at: Date;
  /** Version of the environment's keys. */
  readonly keyVersion: number;
  readonly tables: readonly Table[];
  /** SQL condition by `schema.name` for tables of which only some rows are dumped. The others are backed up elsewhere. */
  readonly only?: Readonly<Record<string, string>>;
  /** Called after each page. */
  readonly progress?: (rows: number) => void;
}

/** Rows in a dump by table, filled while it is read. */
export interface DumpCounts {
  readonly rows: Record<string, number>;
}

/** Returns every row of these tables as frames, page by page, from the snapshot of `tx`. */
export async function* dump(tx: Tx, o: DumpOptions, counts: DumpCounts): AsyncGenerator<Buffer> {
  const partitions = await listPartitions(tx);
  const schemas = new Set(o.tables.map((t) => t.schema));
  yield frameBytes({
    kind: 'head',
    value: {
      format: 1,
      id: o.id,
      at: o.at.toISOString(),
      migrations: await appliedMigrations(tx),
      keyVersion: o.keyVersion,
      partitions: partitions.filter((p) => schemas.has(p.schema)),
    },
  });
  let total = 0;
  for (const table of o.tables) {
    yield frameBytes({ kind: 'table', value: { schema: table.schema, name: table.name, columns: [...table.columns] } });
    let rows = 0;
    for await (const page of pages(tx, table, o.only?.[nameOf(table)])) {
      rows += page.length;
      yield frameBytes({ kind: 'rows', value: page });
      o.progress?.(page.length);
    }
    total += rows;
    counts.rows[nameOf(table)] = rows;
    yield frameBytes({ kind: 'tableEnd', value: { rows } });
  }
  // Sequences are not part of the snapshot. Read last, they are at least as far as every row above.
  const sequences = (await listSequences(tx)).filter((s) => schemas.has(s.schema));
  yield frameBytes({ kind: 'end', value: { tables: o.tables.length, rows: total, sequences } } satisfies Frame);
}

export const nameOf = ({ schema, name }: { schema: string; name: string }) => `${schema}.${name}`;

/** Reads the rows of one table with a cursor, in pages of about the same size. */
async function* pages(tx: Tx, table: Table, only?: string): AsyncGenerator<string[]> {
  const columns = table.columns.map((c) => `t.${quote(c.name)}`).join(', ');
  const where = only ? ` where ${only}` : '';
  await sql
    .raw(
      `declare backup_rows no scroll cursor for select row(${columns})::text as r from ${quoted(table.schema, table.name)} t${where}`,
    )
    .execute(tx);
  let count = FIRST_ROWS;
  for (;;) {
    const { rows } = await sql.raw<{ r: string }>(`fetch ${count} from backup_rows`).execute(tx);
    if (rows.length === 0) break;
    const page = rows.map((row) => row.r);
    yield page;
    const size = page.reduce((sum, r) => sum + r.length, 0);
    const fits = Math.floor((PAGE * page.length) / Math.max(1, size));
    // Grows step by step, since large rows may follow small ones.
    count = Math.max(1, Math.min(MOST_ROWS, fits, page.length * 4));
  }
  await sql.raw('close backup_rows').execute(tx);
}

/** Lists the keyring's tables and all others. */
export async function splitTables(db: Db): Promise<{ data: Table[]; keyring: Table[] }> {
  const tables = await listTables(db);
  return { data: tables.filter((t) => t.schema !== KEYRING), keyring: tables.filter((t) => t.schema === KEYRING) };
}

/** Counts the rows that a dump will contain, for a progress bar. */
export async function countRows(
  tx: Tx,
  tables: readonly Table[],
  only: Readonly<Record<string, string>> = {},
): Promise<number> {
  let total = 0;
  for (const table of tables) {
    const where = only[nameOf(table)] ? ` where ${only[nameOf(table)]}` : '';
    const { rows } = await sql
      .raw<{ n: number | string }>(`select count(*) as n from ${quoted(table.schema, table.name)} t${where}`)
      .execute(tx);
    total += Number(rows[0]!.n);
  }
  return total;
}
