import { closeSync } from 'node:fs';
import Database from 'better-sqlite3-multiple-ciphers';
import { Problem } from '../../../sync/errors/problem.ts';
import { PAGE_BYTES } from './pages.ts';

export type Db = Database.Database;

/** A connection, with a separate handle of the store file. */
export interface Connection {
  readonly db: Db;
  /**
   * Opened for the first check; reads pages for `store check`. It must not be closed before `db` is: closing any handle of a file
   * drops all POSIX locks that the process has on that file, SQLite's among them.
   */
  readonly handle: number;
}

export function disconnect({ db, handle }: Connection): void {
  db.close();
  closeSync(handle);
}

/** Formats a raw 32-byte key for SQLCipher. */
export const rawKey = (key: Uint8Array): string => `"x'${Buffer.from(key).toString('hex')}'"`;

/**
 * Opens (or creates) the encrypted database file. The first read takes an exclusive lock that lasts until close. WAL then needs
 * no shared memory, so no `-shm` file appears and each transaction avoids the lock calls.
 */
export function openDatabase(file: string, key: Uint8Array, mode: 'wal' | 'delete'): Db {
  return guarded(() => {
    const db = new Database(file, { timeout: 200 });
    try {
      db.pragma("cipher='sqlcipher'");
      db.pragma('legacy=4');
      db.pragma(`legacy_page_size=${PAGE_BYTES}`);
      db.pragma(`key=${rawKey(key)}`);
      db.pragma(`page_size=${PAGE_BYTES}`);
      db.pragma('locking_mode=EXCLUSIVE');
      db.pragma(`journal_mode=${mode}`);
      db.pragma('synchronous=FULL');
      db.pragma('secure_delete=ON');
      db.pragma('foreign_keys=ON');
      db.pragma('trusted_schema=OFF');
      db.pragma('temp_store=MEMORY'); // temporary tables and sorters must not spill to disk in the clear
      db.pragma('cache_size=-8192');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

type Statement = Database.Statement;
type Value = Database.Value;

/**
 * The statements of a connection. Each is prepared on first use and cached by its text, so the SQL can be written where it is
 * used. SQLite's errors are thrown as Problems.
 */
export class Sql {
  readonly db: Db;
  readonly #statements = new Map<string, Statement>();
  readonly #plucking = new Map<string, Statement>();

  constructor(db: Db) {
    this.db = db;
  }

  run(sql: string, ...values: Value[]): ReturnType<Statement['run']> {
    return guarded(() => this.#statement(sql).run(...values));
  }

  /** @param key columns by which an existing row is replaced; without it there must be no such row */
  put(table: string, row: Readonly<Record<string, Value>>, key?: string): ReturnType<Statement['run']> {
    const columns = Object.keys(row);
    const insert = `INSERT INTO ${table}(${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
    const update = columns.map((column) => `${column} = excluded.${column}`).join(', ');
    const sql = key === undefined ? insert : `${insert} ON CONFLICT(${key}) DO UPDATE SET ${update}`;
    return this.run(sql, ...Object.values(row));
  }

  /** Returns the first row; undefined if there is none. */
  row<T>(sql: string, ...values: Value[]): T | undefined {
    return guarded(() => this.#statement(sql).get(...values)) as T | undefined;
  }

  rows<T>(sql: string, ...values: Value[]): T[] {
    return guarded(() => this.#statement(sql).all(...values)) as T[];
  }

  /** Returns the first column of the first row; undefined if there is no row. */
  value<T>(sql: string, ...values: Value[]): T | undefined {
    return guarded(() => this.#pluck(sql).get(...values)) as T | undefined;
  }

  /** Returns the first column of every row. */
  values<T>(sql: string, ...values: Value[]): T[] {
    return guarded(() => this.#pluck(sql).all(...values)) as T[];
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql) ?? this.db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #pluck(sql: string): Statement {
    const known = this.#plucking.get(sql) ?? this.db.prepare(sql).pluck();
    this.#plucking.set(sql, known);
    return known;
  }
}

/** Runs database work and throws SQLite's errors as Problems. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asProblem(error);
  }
}

/** Converts SQLite's and the system's storage errors to a Problem with a next step. Returns any other error unchanged. */
export function asProblem(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof Problem || typeof code !== 'string') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') return storageFull(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return inUse(error);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return damaged('a page of the store can’t be read', error);
  if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_CANTOPEN' || code === 'SQLITE_READONLY' || code === 'EIO')
    return new Problem('storage-failed', { reason: code, cause: error });
  return error;
}

export const storageFull = (cause?: unknown): Problem => new Problem('storage-full', { cause });

export const inUse = (cause?: unknown): Problem => new Problem('store-in-use', { cause });

export const damaged = (what: string, cause?: unknown): Problem =>
  new Problem('store-damaged', { reason: what, cause });
