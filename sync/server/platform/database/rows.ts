import type { ExpressionBuilder, InsertObject, Kysely, UpdateObject } from 'kysely';
import type { Db, Row, Tables } from './schema.ts';

/** Rows by the values of their columns. A statement that wants more is written with kysely. */

type Name = keyof Tables;
type Column<T extends Name> = keyof Row<T> & string;
/** Null: the column is null. A list: it has one of these values. */
type Match<T extends Name> = { readonly [C in Column<T>]?: Row<T>[C] | readonly NonNullable<Row<T>[C]>[] };
type Values<T extends Name> = InsertObject<Tables, T> | readonly InsertObject<Tables, T>[];
type Of<T extends Name, C extends Column<T>> = Pick<Row<T>, C>;

/** The first row that has these values. @param columns absent: all */
export const find = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C> | undefined> => (await select(db, table, match, columns).executeTakeFirst()) as never;

/** As `find`; nobody else changes the row until the transaction ends. */
export const findLocked = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C> | undefined> => (await select(db, table, match, columns).forUpdate().executeTakeFirst()) as never;

/** As `find`, of a row that is there. @throws NoResultError */
export const get = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C>> => (await select(db, table, match, columns).executeTakeFirstOrThrow()) as never;

/** Every row that has these values, in any order. */
export const findAll = async <T extends Name, C extends Column<T> = Column<T>>(
  db: Db,
  table: T,
  match: Match<T>,
  columns?: readonly C[],
): Promise<Of<T, C>[]> => (await select(db, table, match, columns).execute()) as never;

export async function insert<T extends Name>(db: Db, table: T, rows: Values<T>): Promise<void> {
  await inserting(db, table, rows).execute();
}

/** Leaves out what is there already. */
export async function insertNew<T extends Name>(db: Db, table: T, rows: Values<T>): Promise<void> {
  const query = inserting(db, table, rows).onConflict((c) => c.doNothing());
  await query.execute();
}

/** Adds rows, or changes those that have the same `key`. @param set absent: to all that is in the row */
export async function upsert<T extends Name>(
  db: Db,
  table: T,
  key: Column<T> | readonly Column<T>[],
  rows: Values<T>,
  set: UpdateObject<Tables, T> = rows as never,
): Promise<void> {
  const query = inserting(db, table, rows).onConflict((c) => c.columns([key].flat()).doUpdateSet(set as never));
  await query.execute();
}

export async function update<T extends Name>(db: Db, table: T, match: Match<T>, set: UpdateObject<Tables, T>) {
  await loose(db)
    .updateTable(table as string)
    .set(set)
    .where(matching(match))
    .execute();
}

export async function remove<T extends Name>(db: Db, table: T, match: Match<T>): Promise<void> {
  await loose(db)
    .deleteFrom(table as string)
    .where(matching(match))
    .execute();
}

const select = (db: Db, table: string, match: object, columns?: readonly string[]) => {
  const query = loose(db).selectFrom(table).where(matching(match));
  return columns ? query.select(columns) : query.selectAll();
};

const inserting = (db: Db, table: string, rows: unknown) =>
  loose(db)
    .insertInto(table)
    .values(rows as never);

// What the functions take is checked by their own types: kysely's cannot be resolved for a table that is not named.
type Loose = Record<string, Record<string, unknown>>;
const loose = (db: Db) => db as unknown as Kysely<Loose>;

const matching = (match: object) => (e: ExpressionBuilder<Loose, string>) =>
  e.and(
    Object.entries(match).map(([column, value]) => {
      // To leave out a condition could change or delete every row.
      if (value === undefined) throw new TypeError(`no value for ${column}`);
      return value === null ? e(column, 'is', null) : e(column, Array.isArray(value) ? 'in' : '=', value);
    }),
  );
