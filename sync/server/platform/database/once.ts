import { sql } from 'kysely';
import { inTransaction } from './retry.ts';
import { find, upsert } from './rows.ts';
import type { Db, Tx } from './schema.ts';

/**
 * Takes a lock that all replicas share, until the transaction ends however it ends: the death of its process included.
 *
 * @param name what is locked, e.g. `job:partitions`
 */
export async function lockName(tx: Tx, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}

/**
 * Runs a job in one transaction on one replica at a time. A caller that comes while it runs elsewhere does nothing.
 * A job that several transactions need must be safe to run in two places.
 *
 * @param name of the job, the same on every replica
 * @returns what `work` gave, or null when it runs elsewhere
 */
export function onceAcrossReplicas<T>(db: Db, name: string, work: (tx: Tx) => Promise<T>): Promise<T | null> {
  return inTransaction(db, async (tx) => ((await tryLock(tx, name)) ? work(tx) : null));
}

/**
 * Like `onceAcrossReplicas`, and not again on any replica before `everyMs` have passed since it last succeeded.
 *
 * @returns what `work` gave, or null when it was not due, or runs elsewhere
 */
export function onceEvery<T>(
  db: Db,
  name: string,
  everyMs: number,
  now: Date,
  work: (tx: Tx) => Promise<T>,
): Promise<T | null> {
  return onceAcrossReplicas(db, name, async (tx) => {
    const last = await find(tx, 'job', { name }, ['ran_at']);
    // A clock that was set back must not keep a job from running: an entry of the future counts for nothing.
    const since = last ? now.getTime() - last.ran_at.getTime() : Number.POSITIVE_INFINITY;
    if (since >= 0 && since < everyMs) return null;
    const result = await work(tx);
    await upsert(tx, 'job', 'name', { name, ran_at: now }, { ran_at: now });
    return result;
  });
}

async function tryLock(tx: Tx, name: string): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean;
  }>`select pg_try_advisory_xact_lock(hashtextextended(${`job:${name}`}, 0)) as got`.execute(tx);
  return rows[0]!.got;
}
