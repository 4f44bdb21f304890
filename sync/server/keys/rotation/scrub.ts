import { sql } from 'kysely';
import { Problem } from '../../../protocol/wire/problem.ts';
import type { Db } from '../../database/schema.ts';
import { scrubKeys } from '../../erasure/scrub.ts';

const SMALL = ['server_key', 'listener', 'audit_key', 'token_key'] as const;

/**
 * Writes the tables of the keyring anew without their dead rows: those are still under the old keys, and would open with them.
 *
 * @returns false: somebody reads the database as it was; to be done later
 */
export async function scrubKeyring(db: Db): Promise<boolean> {
  try {
    await scrubKeys(db);
    for (const table of SMALL) await sql`vacuum (full) ${sql.table(`keyring.${table}`)}`.execute(db);
    return true;
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 'database-busy') return false;
    throw cause;
  }
}
