import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { guarded } from './database.ts';

/**
 * Lets one process alone begin a kiosk in a folder. Until the first store is there nothing else holds a second one off:
 * both would make key slots and a device secret, and each would clear the other's store away as left over.
 *
 * The lock is SQLite's on an empty file of its own: the operating system lets go of it however the process ends. The file
 * stays, since a lock on a name that was removed holds nobody off.
 *
 * @returns how to let go
 * @throws Problem `store-in-use`, `storage-failed`, `storage-full`
 */
export function lockBeginning(home: string): () => void {
  return guarded(() => {
    const lock = new Database(join(home, 'begin.lock'), { timeout: 0 });
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
