import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { guarded } from './store/database.ts';

/**
 * Takes the lock of that name in a folder, at once or not at all. It is SQLite's on an empty file of its own: the operating
 * system lets go of it however the process ends. The file stays, since a lock on a name that was removed holds nobody off; no
 * other user can open it, or they could hold it.
 *
 * @returns how to let go
 * @throws Problem `store-in-use` when another process, or this one, has it; `storage-failed`, `storage-full`
 */
export function lockFile(folder: string, name: string): () => void {
  return guarded(() => {
    closeSync(openSync(join(folder, name), 'a', 0o600));
    const lock = new Database(join(folder, name), { timeout: 0 });
    try {
      lock.pragma('journal_mode=MEMORY'); // nothing is ever written, and no journal is left by a kill
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      throw error;
    }
    return () => void lock.close();
  });
}

/**
 * Lets one process alone begin a kiosk in a folder. Until the first store is there nothing else holds a second one off:
 * both would make key slots and a device secret, and each would clear the other's store away as left over.
 */
export const lockBeginning = (home: string): (() => void) => lockFile(home, 'begin.lock');
