import { sql } from 'kysely';
import { appliedMigrations } from '../../platform/database/migrations.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Frame, frameBytes } from '../../platform/objects/sealed/frames.ts';
import { listPartitions, listSequences, listTables, quote, quoted, type Table } from './catalogue.ts';

/** About so many characters of rows make a page: what memory holds of a table. */
const PAGE = 512 * 1024;
/** Rows of the first page of a table, whose rows may be large, and the most of any. */
const FIRST_ROWS = 16;
const MOST_ROWS = 2000;

/**
 * Runs `work` in one snapshot of the whole database: what commits meanwhile is not in it. Read-only, so that it takes no
 * transaction id and holds up no reader of the live feed.
 */
export function inSnapshot<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      // Exact text of every value, whatever the server's settings; no time-out while an upload takes its time.
      for (const setting of [
        `set local timezone = 'UTC'`,
        `set local datestyle = 'ISO, YMD'`,
        `set local intervalstyle = 'iso_8601'`,
        `set local bytea_output = 'hex'`,
        'set local extra_float_digits = 1',
        'set local statement_timeout = 0',
        'set local idle_in_transaction_session_timeout = 0',
      ])
        await sql.raw(setting).execute(tx);
      return work(tx);
    });
}

export interface DumpOptions {
  readonly id: string;
  readonly at: Date;
  /** Of the environment's keys. */
  readonly keyVersion: number;
  readonly tables: readonly Table[];
  /** SQL after `where`, by `schema.name`: rows that are backed up elsewhere. */
  readonly only?: Readonly<Record<string, string>>;
  /** Called after each page. */
  readonly progress?: (rows: number) => void;
}

/** What a dump has held so far; filled while it is read. */
export interface DumpCounts {
  readonly rows: Record<string, number>;
}

/** Every row of these tables as frames, page by page, in the snapshot that `tx` is. */
export async function* dump(tx: Tx, o: DumpOptions, counts: DumpCounts): AsyncGenerator<Buffer> {
  const partitions = await listPartitions(tx);
  const schemas = new Set(o.tables.map((t) => t.schema));
  yield frameBytes({
    kind: 'head',
    value: {
      format: 1,
      id: o.id,
      at: o.at.toISOString(),
      migrations: await appliedMigrations(tx),
      keyVersion: o.keyVersion,
      partitions: partitions.filter((p) => schemas.has(p.schema)),
    },
  });
  let total = 0;
  for (const table of o.tables) {
    yield frameBytes({ kind: 'table', value: { schema: table.schema, name: table.name, columns: [...table.columns] } });
    let rows = 0;
    for await (const page of pages(tx, table, o.only?.[nameOf(table)])) {
      rows += page.length;
      yield frameBytes({ kind: 'rows', value: page });
      o.progress?.(page.length);
    }
    total += rows;
    counts.rows[nameOf(table)] = rows;
    yield frameBytes({ kind: 'tableEnd', value: { rows } });
  }
  // Sequences know no snapshot: read last, they are at least as far as every row above.
  const sequences = (await listSequences(tx)).filter((s) => schemas.has(s.schema));
  yield frameBytes({ kind: 'end', value: { tables: o.tables.length, rows: total, sequences } } satisfies Frame);
}

export const nameOf = ({ schema, name }: { schema: string; name: string }) => `${schema}.${name}`;

/** Rows of one table by a cursor, in pages of about the same size. */
async function* pages(tx: Tx, table: Table, only?: string): AsyncGenerator<string[]> {
  const columns = table.columns.map((c) => `t.${quote(c.name)}`).join(', ');
  const where = only ? ` where ${only}` : '';
  await sql
    .raw(
      `declare backup_rows no scroll cursor for select row(${columns})::text as r from ${quoted(table.schema, table.name)} t${where}`,
    )
    .execute(tx);
  let count = FIRST_ROWS;
  for (;;) {
    const { rows } = await sql.raw<{ r: string }>(`fetch ${count} from backup_rows`).execute(tx);
    if (rows.length === 0) break;
    const page = rows.map((row) => row.r);
    yield page;
    const size = page.reduce((sum, r) => sum + r.length, 0);
    const fits = Math.floor((PAGE * page.length) / Math.max(1, size));
    // Grows step by step: large rows may come after small ones.
    count = Math.max(1, Math.min(MOST_ROWS, fits, page.length * 4));
  }
  await sql.raw('close backup_rows').execute(tx);
}

/** Tables of the catalogue that are, and are not, the keyring's. */
export async function splitTables(db: Db, keyring: string): Promise<{ data: Table[]; keyring: Table[] }> {
  const tables = await listTables(db);
  return {
    data: tables.filter((t) => t.schema !== keyring),
    keyring: tables.filter((t) => t.schema === keyring),
  };
}

/** Rows that a dump will hold, for a progress bar. */
export async function countRows(
  tx: Tx,
  tables: readonly Table[],
  only: Readonly<Record<string, string>> = {},
): Promise<number> {
  let total = 0;
  for (const table of tables) {
    const where = only[nameOf(table)] ? ` where ${only[nameOf(table)]}` : '';
    const { rows } = await sql
      .raw<{ n: number | string }>(`select count(*) as n from ${quoted(table.schema, table.name)} t${where}`)
      .execute(tx);
    total += Number(rows[0]!.n);
  }
  return total;
}
