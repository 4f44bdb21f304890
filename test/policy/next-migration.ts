import { sql } from 'kysely';
import { listTables } from '../../sync/server/features/backup/dump.ts';
import { MIGRATIONS } from '../../sync/server/platform/database/migrations.ts';

/** The column that the next schema adds to every table. */
export const NEXT_COLUMN = 'since_next';
const NAME = '9999-next';

/**
 * Makes this process the next build: the newest migration of the list is then one that exists only in tests. It gives every table
 * a column whose default differs for each row, so that the database rewrites each table.
 * @param step called before each table
 * @returns a function that restores today's build
 */
export function becomeNextServer(step: (done: number, of: number) => void = () => undefined): () => void {
  MIGRATIONS[NAME] = {
    async up(db) {
      const tables = await listTables(db);
      for (const [i, { schema, name }] of tables.entries()) {
        step(i, tables.length);
        await sql`alter table ${sql.id(schema, name)} add column ${sql.ref(NEXT_COLUMN)} timestamptz not null default clock_timestamp()`.execute(
          db,
        );
      }
      await sql`create table next_visitor (id uuid primary key, person uuid not null, host text not null)`.execute(db);
      await sql`create index next_visitor_host on next_visitor (host)`.execute(db);
    },
  };
  return () => {
    delete MIGRATIONS[NAME];
  };
}
