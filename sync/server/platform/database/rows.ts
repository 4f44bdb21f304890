import {
  type ExpressionBuilder,
  type InsertObject,
  type Kysely,
  type SelectQueryBuilder,
  sql,
  type UpdateObject,
} from 'kysely';
import type { Db, Row, Tables } from './schema.ts';

/** Reads and writes rows by the values of their columns. Anything more complex is written with kysely. */

const OPERATOR = Symbol('operator');

/** PostgreSQL's limit for a statement is 65,535, and PGlite's is 32,767. */
const MOST_PARAMETERS = 32_000;

type Name = keyof Tables;
type Column<T extends Name> = keyof Row<T> & string;
/** Conditions per column: null, one value, a comparison, or a list of possible values. An empty list matches nothing. */
type Match<T extends Name> = {
  readonly [C in Column<T>]?: Row<T>[C] | readonly NonNullable<Row<T>[C]>[] | Compared<Row<T>[C] | null>;
};
type Values<T extends Name> = InsertObject<Tables, T> | readonly InsertObject<Tables, T>[];
type Of<T extends Name, C extends Column<T>> = Pick<Row<T>, C>;

/** Returns a row that matches. @param columns default: all */
export const find = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C> | undefined> => (await select(db, table, match, columns).executeTakeFirst()) as never;

/** As `find`, and locks the row until the transaction ends. */
export const findLocked = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C> | undefined> => (await select(db, table, match, columns).forUpdate().executeTakeFirst()) as never;

/** As `find`, for a row that must exist. @throws NoResultError */
export const get = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C>> => (await select(db, table, match, columns).executeTakeFirstOrThrow()) as never;

/** Returns every row that matches, in any order. */
export const findAll = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C>[]> => (await select(db, table, match, columns).execute()) as never;

/** As `findAll`, sorted by these columns. @param o `descending`: applies to all of them. `limit`: maximum number of rows */
export const findSorted = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  order: readonly Column<T>[],
  o: { readonly columns?: readonly C[]; readonly descending?: boolean; readonly limit?: number } = {},
): Promise<Of<T, C>[]> => {
  let query = select(db, table, match, o.columns);
  for (const column of order) query = query.orderBy(column, o.descending ? 'desc' : 'asc');
  if (o.limit !== undefined) query = query.limit(o.limit);
  return (await query.execute()) as never;
};

/** Returns the matching row with the largest value in this column. */
export const findLast = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  by: Column<T>,
  columns?: readonly C[],
): Promise<Of<T, C> | undefined> => {
  const [row] = await findSorted(db, table, match, [by], { ...(columns && { columns }), descending: true, limit: 1 });
  return row;
};

export async function count<T extends Name>(db: Db, table: T, match: Match<T>): Promise<number> {
  const query = loose(db)
    .selectFrom(table as string)
    .where(matching(match));
  const { n } = await query.select((e) => e.fn.countAll<number | string>().as('n')).executeTakeFirstOrThrow();
  return Number(n);
}

export async function exists<T extends Name>(db: Db, table: T, match: Match<T>): Promise<boolean> {
  const query = loose(db)
    .selectFrom(table as string)
    .where(matching(match));
  return (await query.select(sql`1`.as('there')).limit(1).executeTakeFirst()) !== undefined;
}

/** Inserts rows. Does nothing if there are none, like all functions below. */
export async function insert<T extends Name>(db: Db, table: T, rows: Values<T>): Promise<void> {
  for (const query of inserting(db, table, rows)) await query.execute();
}

/** Inserts rows, except those that already exist. @returns how many were inserted */
export async function insertNew<T extends Name>(db: Db, table: T, rows: Values<T>): Promise<number> {
  let inserted = 0;
  for (const query of inserting(db, table, rows))
    inserted += Number((await query.onConflict((c) => c.doNothing()).executeTakeFirst()).numInsertedOrUpdatedRows);
  return inserted;
}

/** Inserts rows, or updates those with the same `key`. @param set what to update; default: everything in the row */
export async function upsert<T extends Name>(
  db: Db,
  table: T,
  key: Column<T> | readonly Column<T>[],
  rows: Values<T>,
  set: UpdateObject<Tables, T> = rows as never,
): Promise<void> {
  for (const query of inserting(db, table, rows))
    await query.onConflict((c) => c.columns([key].flat()).doUpdateSet(set as never)).execute();
}

/** Updates every row that matches. @returns how many */
export async function update<T extends Name>(
  db: Db,
  table: T,
  match: Match<T>,
  set: UpdateObject<Tables, T>,
): Promise<number> {
  const query = loose(db)
    .updateTable(table as string)
    .set(set)
    .where(matching(match));
  return Number((await query.executeTakeFirst()).numUpdatedRows);
}

/** Deletes every row that matches. @returns how many */
export async function remove<T extends Name>(db: Db, table: T, match: Match<T>): Promise<number> {
  const query = loose(db)
    .deleteFrom(table as string)
    .where(matching(match));
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

interface Compared<V> {
  readonly [OPERATOR]: '<' | '<=' | '>' | '>=' | '!=';
  readonly value: V;
}

export const below = <V>(value: V): Compared<V> => ({ [OPERATOR]: '<', value });
export const atMost = <V>(value: V): Compared<V> => ({ [OPERATOR]: '<=', value });
export const above = <V>(value: V): Compared<V> => ({ [OPERATOR]: '>', value });
export const atLeast = <V>(value: V): Compared<V> => ({ [OPERATOR]: '>=', value });
/** With null: the column is not null. */
export const not = <V>(value: V): Compared<V> => ({ [OPERATOR]: '!=', value });

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Drops keys whose value is undefined. */
export function defined<T extends object>(o: T): Defined<T> {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Defined<T>;
}

type CamelCase<S extends string> = S extends `${infer Head}_${infer Rest}`
  ? `${Head}${Capitalize<CamelCase<Rest>>}`
  : S;

/** Renames a row's columns as in the API: `found_at` to `foundAt`. */
export const camelCase = <R extends object>(row: R) =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  ) as { [C in keyof R & string as CamelCase<C>]: R[C] };

export const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map((row) => row.id);

const select = (db: Db, table: string, match: object, columns?: readonly string[]) => {
  const query = loose(db).selectFrom(table).where(matching(match));
  return (columns ? query.select(columns) : query.selectAll()) as SelectQueryBuilder<Loose, string, object>;
};

/** Yields one statement for each part of the rows that a statement has room for. */
function* inserting(db: Db, table: string, rows: unknown) {
  const all = [rows].flat() as Record<string, unknown>[];
  const columns = new Set(all.flatMap((row) => Object.keys(row))).size;
  const atOnce = Math.max(1, Math.floor(MOST_PARAMETERS / columns));
  for (let at = 0; at < all.length; at += atOnce)
    yield loose(db)
      .insertInto(table)
      .values(all.slice(at, at + atOnce) as never);
}

// The functions above have their own strict types. kysely's can't be resolved for a table that is a type parameter.
type Loose = Record<string, Record<string, unknown>>;
const loose = (db: Db) => db as unknown as Kysely<Loose>;

const isNone = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

const isCompared = (value: unknown): value is Compared<unknown> =>
  typeof value === 'object' && value !== null && OPERATOR in value;

const matching = (match: object) => (e: ExpressionBuilder<Loose, string>) =>
  e.and(
    Object.entries(match).map(([column, value]) => {
      // Ignoring the condition could update or delete every row.
      if (value === undefined) throw new TypeError(`no value for ${column}`);
      if (isNone(value)) return sql<boolean>`false`;
      if (isCompared(value)) return e(column, value.value === null ? 'is not' : value[OPERATOR], value.value);
      return value === null ? e(column, 'is', null) : e(column, Array.isArray(value) ? 'in' : '=', value);
    }),
  );
