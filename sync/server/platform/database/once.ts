import { sql } from 'kysely';
import { inTransaction } from './retry.ts';
import type { Db, Tx } from './schema.ts';

/**
 * Takes a lock that excludes all other replicas until the transaction ends, even if its process dies.
 *
 * @param name what is locked, e.g. `audit`
 */
export async function lockName(tx: Tx, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}

/**
 * Runs a job in one transaction on one replica at a time. Does nothing while it runs elsewhere. A job that consists of
 * several transactions must be safe to run in two places.
 *
 * @param name of the job, the same on every replica
 * @returns the result of `work`, or null if it runs elsewhere
 */
export function onceAcrossReplicas<T>(db: Db, name: string, work: (tx: Tx) => Promise<T>): Promise<T | null> {
  return inTransaction(db, async (tx) => ((await tryLock(tx, name)) ? work(tx) : null));
}

async function tryLock(tx: Tx, name: string): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean;
  }>`select pg_try_advisory_xact_lock(hashtextextended(${`job:${name}`}, 0)) as got`.execute(tx);
  return rows[0]!.got;
}
