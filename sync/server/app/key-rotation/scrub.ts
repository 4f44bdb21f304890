import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { KeyRotationAdvanced } from '../../../protocol/api/keys.ts';
import { partWithWal, scrubKeys } from '../../features/privacy/erasure/scrub.ts';
import { update } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';

const SMALL = ['server_key', 'listener', 'audit_key', 'token_key'] as const;

type KeyringScrub = Pick<z.output<typeof KeyRotationAdvanced>, 'scrubbed' | 'databaseLog'>;

/**
 * Rewrites the tables of the keyring without dead rows after a rotation, and makes the database discard its write-ahead log of
 * them. Both still hold keys under the old version, which the old keys would open. Safe to run again.
 *
 * @param version new version of the rotation
 */
export async function scrubKeyring(db: Db, version: number, now: Date): Promise<KeyringScrub> {
  try {
    const { position } = await scrubKeys(db, SMALL);
    const databaseLog = await partWithWal(db, position);
    await update(db, 'keyring.rotation', { to_version: version }, { scrubbed_at: now });
    return { scrubbed: true, databaseLog };
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 'database-busy') return { scrubbed: false, databaseLog: null };
    throw cause;
  }
}
