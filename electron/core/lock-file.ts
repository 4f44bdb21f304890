import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { guarded } from './store/database.ts';

/**
 * Takes the lock with this name in a folder, immediately or not at all. It is SQLite's lock on a separate empty file: the
 * operating system releases it however the process ends. The file is kept, since a lock on a deleted name keeps nobody out. No
 * other user can open it, or they could hold it.
 *
 * @returns a function that releases the lock
 * @throws Problem `store-in-use` if another process, or this one, has it; `storage-failed`, `storage-full`
 */
export function lockFile(folder: string, name: string): () => void {
  return guarded(() => {
    closeSync(openSync(join(folder, name), 'a', 0o600));
    const lock = new Database(join(folder, name), { timeout: 0 });
    try {
      lock.pragma('journal_mode=MEMORY'); // nothing is ever written, and a kill leaves no journal
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      throw error;
    }
    return () => void lock.close();
  });
}

/**
 * Lets only one process create a kiosk in a folder. Until the first store exists, nothing else keeps a second one out: both would
 * create key slots and a device secret, and each would delete the other's store as a leftover.
 */
export const lockBeginning = (home: string): (() => void) => lockFile(home, 'begin.lock');
