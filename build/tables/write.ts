import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { Kysely, PGliteDialect, sql } from 'kysely';
import { migrate } from '../../sync/server/platform/database/migrations.ts';
import type { Db, Tables } from '../../sync/server/platform/database/schema.ts';
import { generateTables, type Table } from './generate.ts';

/** The generated file. */
export const TABLES_FILE = 'sync/server/platform/database/schema.ts';

/** Migrates an empty database in memory and returns the types generated from its tables. */
export async function readTables(): Promise<string> {
  const db = new Kysely<Tables>({
    dialect: new PGliteDialect({ pglite: () => PGlite.create({ extensions: { pgcrypto } }) }),
  });
  try {
    await migrate(db);
    return generateTables(await tablesOf(db));
  } finally {
    await db.destroy();
  }
}

/** Returns the tables in creation order. Partitions are left out, because they have the columns of their table. */
async function tablesOf(db: Db): Promise<Table[]> {
  const { rows } = await sql<{
    schema: string;
    name: string;
    columns: (Table['columns'][number] & { check: string | null })[];
  }>`
    select n.nspname as schema, c.relname as name, (
      select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
        'defaulted', a.atthasdef or a.attidentity <> '',
        'check', (select min(pg_get_constraintdef(k.oid)) from pg_constraint k
                  where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum])) order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not like 'pg\\_%'
      and n.nspname <> 'information_schema' and c.relname not like 'kysely\\_%'
    order by c.oid`.execute(db);
  return rows.map((table) => ({
    ...table,
    columns: table.columns.map(({ check, ...column }) => ({ ...column, values: valuesOf(check) })),
  }));
}

/** Parses the values out of `CHECK ((kind = ANY (ARRAY['a'::text, 'b'::text])))`. */
function valuesOf(check: string | null): string[] | null {
  const list = check && /^CHECK \(\(\w+ = ANY \(ARRAY\[(.*)\]\)\)\)$/.exec(check)?.[1];
  return list ? [...list.matchAll(/'([^']*)'::text/g)].map((m) => m[1]!) : null;
}

writeFileSync(join(import.meta.dirname, '../..', TABLES_FILE), await readTables());
