import { sql } from 'kysely';
import type { Db } from '../../platform/database/schema.ts';
import type { Job } from '../../platform/jobs/job.ts';

/** Months before and after now that get their own partition. Records with a time beyond go to the default partition. */
const BACK = 14;
const AHEAD = 2;

/** Months known to have a partition. Partitions are never dropped behind a running server's back. */
const known = new WeakMap<Db, Set<string>>();

/**
 * Creates the partitions that these instants need, each in its own transaction. Inside an ingest's transaction, the table's
 * lock would be held until that ends.
 */
export async function ensurePartitions(db: Db, instants: readonly string[], now: Date): Promise<void> {
  const months = known.get(db) ?? new Set<string>();
  known.set(db, months);
  const [low, high] = [monthOf(now, -BACK), monthOf(now, AHEAD)];
  for (const month of new Set(instants.map((at) => `${at.slice(0, 7)}-01`))) {
    if (months.has(month) || month < low || month > high) continue;
    await sql`select ensure_checkin_partition(${month}::date)`.execute(db);
    months.add(month);
  }
}

/** Creates the partitions of this and the next months, so that no record waits for one. */
export const partitionsJob: Job = {
  name: 'partitions',
  everyMs: 3_600_000,
  async run({ db, now }) {
    let made = 0;
    for (let i = 0; i <= AHEAD; i++) {
      const { rows } = await sql<{
        made: boolean;
      }>`select ensure_checkin_partition(${monthOf(now(), i)}::date) as made`.execute(db);
      if (rows[0]?.made) made += 1;
    }
    return { made };
  },
};

/** Returns the first day of a month in UTC, `YYYY-MM-DD`. */
function monthOf(now: Date, offset: number): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1)).toISOString().slice(0, 10);
}
