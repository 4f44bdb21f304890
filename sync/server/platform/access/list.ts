import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { z } from 'zod';
import { MOST_COUNTED, Moment, type SortBy } from '../../../protocol/api/page.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import type { Db } from '../database/schema.ts';
import { readPageCursor, writePageCursor } from './cursor.ts';

/** What a list is sorted by: an expression that is never null, and how a cursor writes its value. */
interface SortKey {
  readonly sql: RawBuilder<unknown>;
  readonly type: keyof typeof TYPES;
}

/* A cursor has the exact value: a time to the microsecond, which a `Date` would cut off. */
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
  /** The row's own id, which is read anyway. */
  uuid: { after: z.tuple([z.string(), Uuid, Uuid]), text: null },
} as const;

/** A time; rows without one count as the oldest. */
export const byTime = (column: string): SortKey => ({
  sql: sql`coalesce(${sql.ref(column)}, timestamptz '0001-01-02 00:00:00+00')`,
  type: 'timestamptz',
});
/** A time that every row has: an index on the column serves it. */
export const byTimeOf = (column: string): SortKey => ({ sql: sql.ref(column), type: 'timestamptz' });
export const byText = (text: string | RawBuilder<unknown>): SortKey => ({
  sql: typeof text === 'string' ? sql.ref(text) : text,
  type: 'text',
});
/** A number; what has none is less than all others, which are not negative. */
export const byNumber = (column: string): SortKey => ({ sql: sql`coalesce(${sql.ref(column)}, -1)`, type: 'float8' });
export const byId = (column: string): SortKey => ({ sql: sql.ref(column), type: 'uuid' });

/** By which of its fields a list can be sorted: what a query names is looked up here and never becomes SQL. */
export interface Sorting<F extends string> {
  readonly by: Readonly<Record<F, SortKey>>;
  /** Column of a row's id, a UUID, which orders rows of the same value. */
  readonly id: string;
}

/** Which page of a list: as `sortedQuery` (protocol/api/page.ts) has it. */
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
 * One page of a query's rows. A page goes on behind the last row of the one before, by its value and id, so rows that come and
 * go meanwhile neither repeat nor hide others.
 *
 * @param query without an order and a limit
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
    // The value apart as well: by it alone the database leaves out partitions.
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

/** How many rows a query has, up to `MOST_COUNTED` + 1. */
export async function countRows<DB, TB extends keyof DB, R>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, R>,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from ${query.limit(MOST_COUNTED + 1)} as listed`.execute(db);
  return rows[0]!.count;
}

/** A page with other items: of a row, what is shown of it. */
export const pageOfItems = <R, T>(page: Page<R>, item: (row: R) => T): Page<T> => ({
  ...page,
  items: page.items.map(item),
});
