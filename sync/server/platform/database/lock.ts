import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Problem } from '../../../errors/problem.ts';
import { makeServerHome } from '../home.ts';

/** The part of the package that is used here. It has no types of its own. */
type Sqlite = new (path: string, options: { timeout: number }) => { exec(sql: string): void; close(): void };
const Database = createRequire(import.meta.url)('better-sqlite3-multiple-ciphers') as Sqlite;

/**
 * Locks a data folder, so that only one process opens it. PGlite itself would let a second one corrupt the database.
 *
 * The lock is SQLite's exclusive lock on a separate file. The operating system holds it (fcntl), so it ends with the process
 * however that ends, and no stale lock is left. Trap: fcntl locks belong to the process and are released when any descriptor
 * of the file is closed, so nothing else may ever open `database.lock`.
 *
 * @returns a function that releases the lock
 * @throws Problem `database-in-use`, `server-home-not-usable`
 */
export function lockHome(home: string): () => void {
  makeServerHome(home);
  const lock = new Database(join(home, 'database.lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if ((cause as { code?: string }).code !== 'SQLITE_BUSY') throw cause;
    throw new Problem('database-in-use', { cause });
  }
  return () => {
    lock.close();
  };
}
