import { Problem } from '../../../errors/problem.ts';
import { find } from './rows.ts';
import type { Db } from './schema.ts';

/** Row of `meta` that says a restore is under way in this database. */
export const RESTORING = 'restoring';

/**
 * A server must not serve a database whose restore is not finished: people who were erased may still be in it.
 *
 * @throws Problem `database-restore-unfinished`
 */
export async function requireRestored(db: Db): Promise<void> {
  const row = await find(db, 'meta', { key: RESTORING }, ['value']);
  if (!row) return;
  throw new Problem('database-restore-unfinished');
}
