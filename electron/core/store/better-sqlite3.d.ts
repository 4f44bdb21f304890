/**
 * The part of better-sqlite3, and of its encrypted fork with the same interface, that we use. (The fork's own declarations are
 * not reachable through its `exports`; the original has none.)
 */
declare module 'better-sqlite3-multiple-ciphers' {
  namespace Database {
    type Value = string | number | bigint | null | Uint8Array;
    interface Statement {
      run(...values: Value[]): { changes: number; lastInsertRowid: number | bigint };
      get(...values: Value[]): unknown;
      all(...values: Value[]): unknown[];
      iterate(...values: Value[]): IterableIterator<unknown>;
      pluck(on?: boolean): this;
      raw(on?: boolean): this;
    }
    interface Database {
      readonly inTransaction: boolean;
      readonly open: boolean;
      prepare(sql: string): Statement;
      exec(sql: string): this;
      transaction<F extends (...args: never[]) => unknown>(work: F): F;
      pragma(sql: string, options?: { simple?: boolean }): unknown;
      close(): this;
    }
  }
  const Database: new (
    file: string,
    options?: { timeout?: number; readonly?: boolean; fileMustExist?: boolean },
  ) => Database.Database;
  export default Database;
}

declare module 'better-sqlite3' {
  export { default } from 'better-sqlite3-multiple-ciphers';
}
