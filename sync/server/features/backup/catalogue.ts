import { sql } from 'kysely';
import type { Db } from '../../platform/database/schema.ts';

/**
 * What a database consists of, as its own catalogue says: a table that a later migration adds is in the next backup
 * without anybody remembering it.
 */

export interface Column {
  readonly name: string;
  /** As `format_type` writes it, e.g. `timestamp with time zone`. */
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
  /** Null: it has given out nothing yet. */
  readonly last: string | null;
}

/** The schema that is backed up apart, under a key of its own. */
export const KEYRING = 'keyring';

/** Tables of the migrator: they describe a database, and are made by migrating. */
const MIGRATOR = ['kysely_migration', 'kysely_migration_lock'];

const OURS = sql`n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`;
/** Made by an extension (pgcrypto): comes with it. */
const OWN = sql`not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

/** `"schema"."name"` */
export const quoted = (schema: string, name: string) => `${quote(schema)}.${quote(name)}`;
export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Every table that holds rows of ours; a partitioned one once, as its parent. In order of their names. */
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

/** Foreign keys of our tables: how to take each away and make it again. */
export async function listForeignKeys(db: Db): Promise<{ table: string; name: string; definition: string }[]> {
  const { rows } = await sql<{ schema: string; table: string; name: string; definition: string }>`
    select n.nspname as schema, c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.conparentid = 0 and ${OURS}
    order by 1, 2, 3`.execute(db);
  return rows.map((r) => ({ table: quoted(r.schema, r.table), name: r.name, definition: r.definition }));
}

/** Tables with triggers of ours. */
export async function listTriggered(db: Db): Promise<string[]> {
  const { rows } = await sql<{ schema: string; name: string }>`
    select distinct n.nspname as schema, c.relname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and not c.relispartition and ${OURS}
    order by 1, 2`.execute(db);
  return rows.map((r) => quoted(r.schema, r.name));
}
