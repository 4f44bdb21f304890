import { Problem } from '../../../errors/problem.ts';
import { partWithWal, scrubKeys, type WalState } from '../../features/privacy/erasure/scrub.ts';
import type { Db } from '../../platform/database/schema.ts';

const SMALL = ['server_key', 'listener', 'audit_key', 'token_key'] as const;

/** How it stands with what is on the disk beside the rows themselves. */
export interface KeyringScrub {
  /** The tables hold no dead row any more. False: a transaction reads the database as it was; to be done later. */
  readonly scrubbed: boolean;
  /** The write-ahead log that held those rows; null before they are gone. */
  readonly databaseLog: WalState | null;
}

/**
 * After a rotation: rewrites the tables of the keyring without their dead rows, and has the database part with its log
 * of them. Both are still under the old keys, and would open with them. Safe to run again.
 *
 * @param version to which the rotation went
 */
export async function scrubKeyring(db: Db, version: number, now: Date): Promise<KeyringScrub> {
  try {
    const { position } = await scrubKeys(db, SMALL);
    const databaseLog = await partWithWal(db, position);
    await db.updateTable('keyring.rotation').set({ scrubbed_at: now }).where('to_version', '=', version).execute();
    return { scrubbed: true, databaseLog };
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 'database-busy') return { scrubbed: false, databaseLog: null };
    throw cause;
  }
}
