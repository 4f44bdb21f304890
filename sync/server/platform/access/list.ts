import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { z } from 'zod';
import { MOST_COUNTED, Moment, type SortBy } from '../../../protocol/api/page.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import type { Db } from '../database/schema.ts';
import { readPageCursor, writePageCursor } from './cursor.ts';

/** What a list is sorted by: an expression that is never null, and its type in a cursor. */
interface SortKey {
  readonly sql: RawBuilder<unknown>;
  readonly type: keyof typeof TYPES;
}

/* Cursors contain the exact value: times are strings, because a `Date` would drop the microseconds. */
const TYPES = {
  timestamptz: {
    after: z.tuple([z.string(), Moment, Uuid]),
    text: (key: RawBuilder<unknown>) => sql<string>`to_json(${key}) #>> '{}'`,
  },
  text: {
    after: z.tuple([z.string(), z.string(), Uuid]),
    text: (key: RawBuilder<unknown>) => sql<string>`(${key})::text`,
  },
  float8: {
    after: z.tuple([z.string(), z.string().regex(/^-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,2})?$/), Uuid]),
    text: (key: RawBuilder<unknown>) => sql<string>`(${key})::float8::text`,
  },
  /** The row's id, which is selected anyway. */
  uuid: { after: z.tuple([z.string(), Uuid, Uuid]), text: null },
} as const;

/** Sorts by a time. Rows without one count as the oldest. */
export const byTime = (column: string): SortKey => ({
  sql: sql`coalesce(${sql.ref(column)}, timestamptz '0001-01-02 00:00:00+00')`,
  type: 'timestamptz',
});
/** Sorts by a time that every row has, so that an index on the column can be used. */
export const byTimeOf = (column: string): SortKey => ({ sql: sql.ref(column), type: 'timestamptz' });
export const byText = (text: string | RawBuilder<unknown>): SortKey => ({
  sql: typeof text === 'string' ? sql.ref(text) : text,
  type: 'text',
});
/** Sorts by a number that is not negative. Rows without one count as less than all others. */
export const byNumber = (column: string): SortKey => ({ sql: sql`coalesce(${sql.ref(column)}, -1)`, type: 'float8' });
export const byId = (column: string): SortKey => ({ sql: sql.ref(column), type: 'uuid' });

/** The fields a list can be sorted by. A query's field is looked up here and never becomes SQL. */
export interface Sorting<F extends string> {
  readonly by: Readonly<Record<F, SortKey>>;
  /** Column of the row's id, a UUID, which orders rows with the same value. */
  readonly id: string;
}

/** Which page of a list is requested, as in `sortedQuery` (protocol/api/page.ts). */
export interface Asked<F extends string> {
  readonly sort: SortBy<F>;
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly total?: boolean | undefined;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
  readonly total: number | null;
}

/**
 * Reads one page of a query's rows. A page continues after the value and id of the previous page's last row, so inserted or
 * deleted rows never repeat or hide others.
 *
 * @param query without order and limit
 * @throws Problem `cursor-unreadable`, also for a cursor of another order
 */
export async function readPage<F extends string, DB, TB extends keyof DB, R>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, R>,
  { by, id }: Sorting<F>,
  { sort, cursor, limit, total }: Asked<F>,
): Promise<Page<R>> {
  const down = sort.startsWith('-');
  const key = by[(down ? sort.slice(1) : sort) as F];
  const { after, text } = TYPES[key.type];
  const from = readPageCursor(after, cursor, sort);
  const column = sql.ref(id);
  const order = down ? 'desc' : 'asc';
  let page = query
    .select([...(text ? [text(key.sql).as('sort_key')] : []), sql<string>`${column}`.as('sort_id')])
    .orderBy(key.sql, order)
    .orderBy(column, order)
    .limit(limit + 1);
  if (from) {
    const value = sql`${from[1]}::${sql.raw(key.type)}`;
    const behind = sql.raw(down ? '<' : '>');
    // Also compare the value alone, which lets the database skip partitions.
    page = page
      .where(sql<boolean>`${key.sql} ${behind}= ${value}`)
      .where(sql<boolean>`(${key.sql}, ${column}) ${behind} (${value}, ${from[2]}::uuid)`);
  }
  const rows = (await page.execute()) as (R & { sort_key?: string; sort_id: string })[];
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(({ sort_key: _, sort_id: __, ...row }) => row as R),
    next: last ? writePageCursor([sort, last.sort_key ?? last.sort_id, last.sort_id]) : null,
    total: total && !from ? await countRows(db, query) : null,
  };
}

/** Counts a query's rows, up to `MOST_COUNTED` + 1. */
export async function countRows<DB, TB extends keyof DB, R>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, R>,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from ${query.limit(MOST_COUNTED + 1)} as listed`.execute(db);
  return rows[0]!.count;
}

/** Maps the rows of a page to the items to show. */
export const pageOfItems = <R, T>(page: Page<R>, item: (row: R) => T): Page<T> => ({
  ...page,
  items: page.items.map(item),
});
