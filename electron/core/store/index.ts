import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Random } from '../keys/envelope.ts';
import type { KioskKeys, StoreKeySet } from '../keys/index.ts';
import { Vault } from '../vault/vault.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Connection, damaged, disconnect, guarded, inUse, openDatabase, type Sql } from './database.ts';
import { EventLog } from './events.ts';
import { rekeyedFile, storeFile } from './files.ts';
import { migrate, readMeta, writeMeta } from './migrations.ts';
import { checkFirstPage, type FirstPage } from './pages.ts';
import { pendingAddresses } from './pending.ts';
import { isStorageProblem } from './reserve.ts';
import { SqlStore } from './store.ts';

export { type CheckReport, checkClosedStore } from './check.ts';
export type { Clock } from './clock.ts';
export type { RekeyReport } from './rekey.ts';
export type { SqlStore } from './store.ts';

export interface StoreOptions {
  readonly home: string;
  readonly keys: KioskKeys;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Folders whose store is open in this process. POSIX locks don't protect against one's own process, and closing a second handle
 * of the file would even drop them. So a second opening is refused here before it touches the file.
 */
const opened = new Set<string>();

/**
 * Returns random bytes, drawn from the system in blocks of 4 KiB: many small draws cost a check-in more than its encryption. Each
 * byte is used once.
 */
function pooled(source: (bytes: number) => Uint8Array): Random {
  let pool: Uint8Array = new Uint8Array();
  let at = 0;
  return (bytes) => {
    if (bytes > 1024) return source(bytes);
    if (at + bytes > pool.length) {
      pool = source(4096);
      at = 0;
    }
    at += bytes;
    return pool.subarray(at - bytes, at);
  };
}

/**
 * Creates a new, empty store in a folder whose key slots are new.
 *
 * @param options.device the kiosk's id (UUID); generated if absent
 * @throws Problem `store-exists`, `store-in-use`, `storage-full`
 */
export async function createStore(options: StoreOptions & { readonly device?: string }): Promise<SqlStore> {
  const { home, keys } = options;
  if (keys.live) throw new Problem('store-exists');
  return enter(home, (closed) => {
    const file = storeFile(home);
    for (const left of [file, `${file}-wal`, `${file}-journal`, rekeyedFile(home)]) rmSync(left, { force: true }); // of a creation that was cut off
    writeFileSync(file, '', { mode: 0o600 }); // before SQLite, which would make it readable by everyone
    const clock = options.clock ?? systemClock();
    return connect(
      options,
      () => {
        const db = openDatabase(file, keys.current.subkey('pages'), 'wal');
        guarded(() => {
          migrate(db);
          writeMeta(db, 'store', keys.store);
          writeMeta(db, 'device', options.device ?? randomUUID());
          EventLog.beginEpoch(db, randomUUID(), 'created', clock.now());
        });
        keys.markLive();
        return { db, handle: openSync(file, 'r') };
      },
      clock,
      closed,
      true,
    );
  });
}

/**
 * Opens a kiosk's store, or creates it if the key slots are new. Its next event begins a new epoch.
 *
 * @throws Problem `store-in-use`, `store-missing`, `store-damaged`, `store-too-new`, `storage-failed`, `storage-full`. The file
 * is untouched if the keys don't fit, if its beginning is damaged, if it is truncated, or in use.
 */
export async function openStore(options: StoreOptions): Promise<SqlStore> {
  const { home, keys } = options;
  if (!keys.live) return createStore(options);
  return enter(home, (closed) => connect(options, () => unlock(home, keys), options.clock ?? systemClock(), closed));
}

/** Opens a store under this process's own lock. */
function enter(home: string, work: (closed: () => void) => SqlStore): SqlStore {
  const folder = realpathSync(home);
  if (opened.has(folder)) throw inUse();
  opened.add(folder);
  const leave = () => void opened.delete(folder);
  try {
    return work(leave);
  } catch (error) {
    leave();
    throw error;
  }
}

/** Checks before opening which generation of the key fits, and whether the file is complete. */
function unlock(home: string, keys: KioskKeys): Connection {
  const file = storeFile(home);
  if (!existsSync(file)) throw new Problem('store-missing');
  const handle = openSync(file, 'r');
  try {
    const check = (set: StoreKeySet) => checkPatiently(handle, file, set.subkey('pages'));
    let fit = check(keys.current);
    if (fit === 'foreign' && keys.next && check(keys.next) !== 'foreign') {
      keys.settle('next'); // the re-keyed copy had replaced the store before the process died
      fit = check(keys.current);
    }
    if (fit === 'foreign') throw damaged('its first page does not belong to this store');
    if (fit === 'truncated') throw damaged('the file is cut short');
    const db = openDatabase(file, keys.current.subkey('pages'), 'wal');
    // We hold the lock now: leftovers of an unfinished rekey can be deleted.
    if (keys.next) keys.settle('current');
    for (const left of ['', '-journal', '-wal']) rmSync(rekeyedFile(home) + left, { force: true });
    return { db, handle };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

/** Checks again if something looks wrong: another process may be writing the log back to the file right now. */
function checkPatiently(handle: number, file: string, key: Uint8Array): FirstPage {
  let found = checkFirstPage(handle, file, key);
  for (let again = 0; found !== 'fits' && again < 2; again++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    found = checkFirstPage(handle, file, key);
  }
  return found;
}

function connect(
  options: StoreOptions,
  open: () => Connection,
  clock: Clock,
  closed: () => void,
  created = false,
): SqlStore {
  const { home, keys } = options;
  const random = pooled(options.random ?? randomBytes);
  const vault = new Vault(home, random);
  const connection = open();
  const { db } = connection;
  try {
    return guarded(() => {
      migrate(db);
      if (readMeta(db, 'store') !== keys.store) throw damaged('the key slots belong to a different store');
      vault.prepare();
      const store = new SqlStore(
        { home, keys, device: readMeta(db, 'device')!, clock, random, vault, created, closed },
        connection,
      );
      sweepPhotos(store.session.sql, vault);
      emptyLeftLog(store);
      store.keepReserve();
      return store;
    });
  } catch (error) {
    disconnect(connection);
    throw error;
  }
}

/** The log of a process that died still has old versions of rows deleted since. If the disk is too full, the next removal does it. */
function emptyLeftLog(store: SqlStore): void {
  try {
    store.scrubLog();
  } catch (error) {
    if (!isStorageProblem(error)) throw error;
  }
}

function sweepPhotos(sql: Sql, vault: Vault): void {
  const rows = sql.value<number>('SELECT count(*) FROM photo')!;
  const waiting = pendingAddresses(sql);
  if (vault.list().length === rows + waiting.length) return;
  const known = sql.values<Buffer>('SELECT address FROM photo');
  vault.sweep(new Set([...waiting, ...known.map((address) => address.toString('base64url'))]));
}
