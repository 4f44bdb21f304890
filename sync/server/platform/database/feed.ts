import { sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * A feed of changes that misses none, with any number of writers.
 *
 * Each row stores the id of the transaction that last changed it (`pg_current_xact_id`). A reader's position is the
 * horizon: the oldest transaction that was still open when it read (`pg_snapshot_xmin`). Transactions below the horizon
 * have ended, and what they committed was read. Everything at or above it is read again next time. So a transaction that
 * starts early and commits late is never missed, and nobody waits for it: changes committed meanwhile are shown at once,
 * and repeated until it ends. A later message about the same row replaces the earlier one.
 */

/** Value of the column `change` in a new row. */
export const thisChange = sql<number>`pg_current_xact_id()::text::bigint`;

/**
 * Value of the column `change` in an updated row. It never decreases: an early transaction may change a row after a later one
 * did, and a screen that has the later one's version would consider the newer row outdated.
 */
export const nextChange = sql<number>`greatest(change, pg_current_xact_id()::text::bigint)`;

/** Returns the current horizon, from which to continue. Call it before reading the rows. */
export async function horizon(db: Db): Promise<number> {
  const { rows } = await sql<{
    horizon: string;
  }>`select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`.execute(db);
  return Number(rows[0]!.horizon);
}
