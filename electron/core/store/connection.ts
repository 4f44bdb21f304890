import { closeSync } from 'node:fs';
import type { Db } from './database.ts';

/** A connection, and the store file's own handle beside it. */
export interface Connection {
  readonly db: Db;
  /**
   * Open since the first look; it reads pages for `store check`. It must not be closed before `db` is: closing any
   * handle of a file drops all POSIX locks that the process has on that file, SQLite's among them.
   */
  readonly handle: number;
}

export function disconnect({ db, handle }: Connection): void {
  db.close();
  closeSync(handle);
}
