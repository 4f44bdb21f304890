import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncFolder } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { keyObject, open, type Random, seal } from '../keys/envelope.ts';
import type { StoreKeySet } from '../keys/index.ts';
import type { WorkOptions } from './check.ts';
import { typeOf } from './compact.ts';
import { asProblem, type Db, damaged, guarded, openDatabase, rawKey } from './database.ts';
import { rekeyedFile, storeFile } from './files.ts';
import { uuidText } from './header.ts';
import { keyPlace } from './known.ts';
import { readPages } from './pages.ts';
import { rewrapPending } from './pending.ts';
import type { SqlStore } from './store.ts';

export interface RekeyReport {
  readonly generation: number;
  readonly pages: number;
  readonly people: number;
}

/**
 * Gives a store a new random key: for the pages, for wrapping each person's keys, and for values encrypted under the store's own.
 * Photos and templates are encrypted under the persons' keys, which are kept.
 *
 * Works on a copy, so that a kill or a power cut at any point leaves one whole store that opens:
 * 1. keyslots.json gets both generations (durable);
 * 2. the store is copied; the copy is re-keyed, rewrapped, checked page by page, and made durable;
 * 3. one rename replaces the store by the copy (durable) while the old file is still locked;
 * 4. the old generation is removed from keyslots.json.
 * The next process that opens it sees from the first page which generation the file has, and finishes: before step 3 it deletes
 * the copy, after step 3 it does step 4. `PRAGMA rekey` on the live file in WAL mode has a moment in which neither key fits all
 * pages.
 *
 * Steps 2 and 3 block this process, so that no record is lost in between. Needs as much free space as the store has. The store is
 * closed when this returns: it has to be reopened.
 *
 * @throws Problem `storage-full`, `store-damaged`: the store stays open, under its old key
 */
export async function rekeyStore(store: SqlStore, options: WorkOptions = {}): Promise<RekeyReport> {
  const { home, keys, random } = store.parts;
  const progress = options.progress ?? (() => undefined);
  const next = await keys.beginRekey().catch((error: unknown) => {
    throw asProblem(error);
  });
  await options.busy?.(true);
  const copy = rekeyedFile(home);
  const steps = 4;
  const people = store.people.count();
  let pages: number;
  try {
    pages = guarded(() => {
      removeCopy(copy);
      store.scrubLog();
      progress(1, steps, 'steps');
      writeFileSync(copy, '', { mode: 0o600 });
      store.session.db.prepare('VACUUM INTO ?').run(copy);
      progress(2, steps, 'steps');
      rewrap(copy, keys.current, next, random);
      const checked = verifyCopy(copy, next, store);
      progress(3, steps, 'steps');
      // Leave WAL mode, so that closing the old connection can't delete a log that by its name belongs to the new file.
      store.session.db.pragma('journal_mode=DELETE');
      renameSync(copy, storeFile(home));
      return checked;
    });
  } catch (error) {
    removeCopy(copy);
    void options.busy?.(false);
    const problem = asProblem(error);
    try {
      guarded(() => store.session.db.pragma('journal_mode=WAL'));
      keys.settle('current');
    } catch (cause) {
      // The disk may be too full even for that. The next opening, or the next rekey, resolves it.
      if ((asProblem(cause) as { code?: string }).code !== 'storage-full') throw cause;
    }
    throw problem;
  }
  try {
    syncFolder(home);
    keys.settle('next');
  } finally {
    store.close(); // it still has the old file open
  }
  progress(steps, steps, 'steps');
  return { generation: keys.current.generation, pages, people };
}

function removeCopy(copy: string): void {
  for (const suffix of ['', '-journal', '-wal']) rmSync(copy + suffix, { force: true });
}

/**
 * Converts the copy to the next generation: everything wrapped or encrypted below the store key, then the pages. SQLite flushes
 * both transactions (synchronous=FULL), so the copy is on disk when it is closed.
 */
function rewrap(copy: string, current: StoreKeySet, next: StoreKeySet, random: Random): void {
  const db = openDatabase(copy, current.subkey('pages'), 'delete');
  try {
    db.transaction(() => {
      rewrapPeople(db, current, next, random);
      resealStoreValues(db, current, next, random);
    })();
    db.pragma(`rekey=${rawKey(next.subkey('pages'))}`);
  } finally {
    db.close();
  }
}

function rewrapPeople(db: Db, current: StoreKeySet, next: StoreKeySet, random: Random): void {
  const update = db.prepare('UPDATE person SET records_key = ?, photos_key = ? WHERE ref = ?');
  const purposes = { records: 'personKeys', photos: 'vault' } as const;
  const from = {
    records: keyObject(current.subkey(purposes.records)),
    photos: keyObject(current.subkey(purposes.photos)),
  };
  const to = { records: keyObject(next.subkey(purposes.records)), photos: keyObject(next.subkey(purposes.photos)) };
  const rows = db.prepare('SELECT ref, id, key_version, records_key, photos_key FROM person').all() as {
    ref: number;
    id: Buffer;
    key_version: number;
    records_key: Buffer;
    photos_key: Buffer;
  }[];
  for (const row of rows) {
    const again = (kind: 'records' | 'photos', wrapped: Buffer) => {
      const place = keyPlace(kind, uuidText(row.id), row.key_version);
      return seal(to[kind], place, open(from[kind], place, wrapped), random);
    };
    update.run(again('records', row.records_key), again('photos', row.photos_key), row.ref);
  }
  rewrapPending(db, from.photos, to.photos, random);
}

function resealStoreValues(db: Db, current: StoreKeySet, next: StoreKeySet, random: Random): void {
  const from = keyObject(current.subkey('storeValues'));
  const to = keyObject(next.subkey('storeValues'));
  // Values may only be deleted. In this copy, within this transaction, they may change.
  const guard = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'value_only_goes'").pluck().get() as string;
  db.exec('DROP TRIGGER value_only_goes');
  const update = db.prepare('UPDATE event SET sealed = ? WHERE n = ?');
  const sql = 'SELECT n, id, type, sealed FROM event WHERE person IS NULL AND sealed IS NOT NULL';
  for (const row of db.prepare(sql).all() as { n: number; id: Buffer; type: number; sealed: Buffer }[]) {
    const place = { field: `event.${typeOf(row.type)}`, person: '', record: uuidText(row.id), row: 1, key: 1 };
    update.run(seal(to, place, open(from, place, row.sealed), random), row.n);
  }
  db.exec(guard);
}

/** Verifies that the copy is whole before it replaces anything. Returns its page count. */
function verifyCopy(copy: string, next: StoreKeySet, store: SqlStore): number {
  const handle = openSync(copy, 'r');
  let pages = 0;
  try {
    for (const { number, genuine } of readPages(handle, next.subkey('pages'))) {
      if (!genuine) throw damaged(`page ${number} of the re-keyed copy`);
      pages = number;
    }
  } finally {
    closeSync(handle); // nobody has a lock on the copy yet
  }
  const db = openDatabase(copy, next.subkey('pages'), 'delete');
  try {
    const result = db.prepare('PRAGMA integrity_check(1)').pluck().get() as string;
    if (result !== 'ok') throw damaged(`the re-keyed copy: ${result}`);
    const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for (const table of store.session.db.prepare(tables).pluck().all() as string[]) {
      const count = (one: Db) => one.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
      if (count(db) !== count(store.session.db))
        throw new Problem('store-damaged', { reason: `the re-encrypted copy lacks rows of ${table}` });
    }
  } finally {
    db.close();
  }
  return pages;
}
