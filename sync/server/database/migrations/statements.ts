import { type Kysely, type Migration, sql } from 'kysely';

/** A migration out of plain SQL statements, run in order inside the migrator's one transaction. */
export function statements(list: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of list) await sql.raw(statement).execute(db);
    },
  };
}
