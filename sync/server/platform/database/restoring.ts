import { Problem } from '../../../errors/problem.ts';
import { find } from './rows.ts';
import type { Db } from './schema.ts';

/** Key in `meta` that marks a restore under way in this database. */
export const RESTORING = 'restoring';

/**
 * Requires that no restore is unfinished. Such a database may still contain erased people, so no server may use it.
 *
 * @throws Problem `database-restore-unfinished`
 */
export async function requireRestored(db: Db): Promise<void> {
  const row = await find(db, 'meta', { key: RESTORING }, ['value']);
  if (!row) return;
  throw new Problem('database-restore-unfinished');
}
