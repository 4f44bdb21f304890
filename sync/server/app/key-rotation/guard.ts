import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../platform/database/schema.ts';
import type { SealedTables } from './sealed.ts';

/**
 * From the end of this transaction the database takes no envelope of an older version any more, in any column that is
 * registered. Waits for every transaction that is writing one now.
 */
export async function guard(tx: Transaction<Tables>, { environment }: SealedTables, version: number): Promise<void> {
  // A table that is in use for long must not queue everybody else behind us: we come again.
  await sql`set local lock_timeout = '5s'`.execute(tx);
  for (const { table, columns, versionColumn } of environment) {
    const found = versionColumn
      ? `($1).${versionColumn}`
      : `least(${Object.keys(columns)
          .map((c) => `keyring.envelope_version(($1).${c})`)
          .join(', ')})`;
    await trigger(tx, table, Object.keys(columns), found);
  }
  await trigger(tx, 'person', ['pii_version', 'name', 'number', 'email'], 'nullif(($1).pii_version, 0)');
  await sql`select pg_advisory_xact_lock(hashtextextended('key-version', 0))`.execute(tx);
  await tx.updateTable('keyring.identity').set({ least_version: version }).execute();
}

/** @param found SQL of the version of a row `$1`; null: it has none */
async function trigger(
  tx: Transaction<Tables>,
  table: string,
  columns: readonly string[],
  found: string,
): Promise<void> {
  const { rows } = await sql<{ there: boolean }>`
    select exists (select from pg_trigger where tgrelid = ${table}::regclass and tgname = 'refuse_old_key') as there`.execute(
    tx,
  );
  if (rows[0]!.there) return;
  await sql`create trigger refuse_old_key before insert or update of ${sql.join(columns.map((c) => sql.ref(c)))}
            on ${sql.table(table)} for each row execute function keyring.refuse_old_key(${sql.lit(found)})`.execute(tx);
}
