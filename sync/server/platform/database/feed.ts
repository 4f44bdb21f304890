import { sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * The feed of changes without a miss, with any number of writers.
 *
 * Each row carries the id of the transaction that last changed it (`pg_current_xact_id`). A reader's position is the
 * horizon: the oldest transaction that was still open when it looked (`pg_snapshot_xmin`). Everything below the horizon is
 * committed and was seen, or will never be; everything at or above is read again next time. So a transaction that began
 * early and commits late is never passed over, and nobody waits for it: what committed beside it is shown at once, and
 * once more while it lasts. A later message about the same row replaces the earlier one.
 */

/** What a new row has in its column `change`. */
export const thisChange = sql<number>`pg_current_xact_id()::text::bigint`;

/**
 * What a change of a row writes there. It never goes down: an early transaction may change a row after a later one has, and
 * a screen that showed the later one's would take the newer row for the older.
 */
export const nextChange = sql<number>`greatest(change, pg_current_xact_id()::text::bigint)`;

/** The present horizon: what to resume from, taken before the rows are read. */
export async function horizon(db: Db): Promise<number> {
  const { rows } = await sql<{
    horizon: string;
  }>`select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`.execute(db);
  return Number(rows[0]!.horizon);
}
