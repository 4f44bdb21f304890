import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Problem } from '../../../errors/problem.ts';
import { makeServerHome } from '../home.ts';

/** What is used here of the package, which brings no types. */
type Sqlite = new (path: string, options: { timeout: number }) => { exec(sql: string): void; close(): void };
const Database = createRequire(import.meta.url)('better-sqlite3-multiple-ciphers') as Sqlite;

/**
 * One opener a data folder. PGlite itself lets a second one in, and both would corrupt the database.
 *
 * The lock is SQLite's exclusive lock on a file of its own: the operating system holds it (fcntl), so it dies with the
 * process however that ends, and nothing stale is left to clean up. Trap: fcntl locks belong to the process and go when
 * any descriptor of the file is closed, so nothing else may ever open `database.lock`.
 *
 * @returns how to let go
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
