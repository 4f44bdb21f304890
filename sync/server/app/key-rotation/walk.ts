import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { labelOf } from '../../platform/keys/gcm.ts';
import type { PersonBox } from '../../platform/keys/persons.ts';
import type { Cells, PersonTable, SealedTable } from './sealed.ts';

/** Walks tables in the order of their ids, page by page. */

/** Position after which a page starts: the id's values as JSON. Null: the start of the table, or its end. */
export type Position = string | null;

/** How many rows were processed, and where to continue. */
export interface Walked {
  readonly count: number;
  readonly next: Position;
}

interface Row {
  readonly cells: Cells;
  /** Envelopes by column. */
  readonly sealed: Readonly<Record<string, Buffer | null>>;
}

interface Page {
  readonly rows: readonly Row[];
  readonly next: Position;
}

const list = (parts: readonly RawBuilder<unknown>[], between = sql`, `) =>
  sql.join(parts as RawBuilder<unknown>[], between);
const idsOf = (table: SealedTable | PersonTable) => Object.entries(table.id);

/**
 * Reads a page of rows that have an envelope.
 *
 * @param o `condition`: SQL condition for the rows; `lock`: lock them until the transaction ends
 */
export async function pageOf(
  db: Db,
  table: SealedTable | PersonTable,
  after: Position,
  limit: number,
  o: { readonly condition?: RawBuilder<unknown>; readonly lock?: boolean } = {},
): Promise<Page> {
  const ids = idsOf(table);
  const columns = Object.keys(table.columns);
  const plain = [...ids.map(([c]) => c), ...table.reads, ...('person' in table ? [table.person] : [])];
  // As text: UUIDs, numbers and booleans have exactly one text form, which is also how they are used in places.
  const read = [...new Set(plain)].map((c) => sql`${sql.ref(c)}::text as ${sql.ref(`c:${c}`)}`);
  const order = list(ids.map(([c]) => sql.ref(c)));
  const conditions = [
    list(
      columns.map((c) => sql`${sql.ref(c)} is not null`),
      sql` or `,
    ),
    ...('where' in table && table.where ? [sql.raw(table.where)] : []),
    ...(o.condition ? [o.condition] : []),
    ...(after === null
      ? []
      : [
          sql`(${order}) > (${list(
            (JSON.parse(after) as string[]).map((v, i) => sql`${v}::text::${sql.raw(ids[i]![1])}`),
          )})`,
        ]),
  ];
  const { rows } = await sql<Record<string, unknown>>`
    select ${list([...read, ...columns.map((c) => sql`${sql.ref(c)} as ${sql.ref(`e:${c}`)}`)])}
    from ${sql.table(table.table)}
    where ${list(
      conditions.map((c) => sql`(${c})`),
      sql` and `,
    )}
    order by ${order} limit ${limit} ${o.lock ? sql`for no key update` : sql``}`.execute(db);
  const found = rows.map(
    (r): Row => ({
      cells: Object.fromEntries([...new Set(plain)].map((c) => [c, r[`c:${c}`] as string | null])),
      sealed: Object.fromEntries(
        columns.map((c) => {
          const bytes = r[`e:${c}`] as Uint8Array | null;
          return [c, bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)];
        }),
      ),
    }),
  );
  const last = found.at(-1);
  return {
    rows: found,
    next: last && found.length === limit ? JSON.stringify(ids.map(([c]) => last.cells[c])) : null,
  };
}

/** New values of a row: columns of bytes by name, as base64. */
type Change = { readonly cells: Cells; readonly bytes: Record<string, string | null> };

/** Writes new bytes into rows that were read, in one statement. */
async function update(
  tx: Tx,
  table: SealedTable | PersonTable,
  changes: readonly Change[],
  extra: readonly RawBuilder<unknown>[] = [],
): Promise<void> {
  const columns = Object.keys(changes[0]?.bytes ?? {});
  if (columns.length === 0) return;
  const ids = idsOf(table);
  const values = [
    ...ids.map(([c, type]) => sql`${changes.map((x) => x.cells[c])}::text[]::${sql.raw(type)}[]`),
    ...columns.map((c) => sql`${changes.map((x) => x.bytes[c] ?? null)}::text[]`),
  ];
  const names = [...ids.map(([c]) => `i_${c}`), ...columns.map((c) => `b_${c}`)];
  await sql`
    update ${sql.table(table.table)} as t
    set ${list([...columns.map((c) => sql`${sql.ref(c)} = decode(u.${sql.ref(`b_${c}`)}, 'base64')`), ...extra])}
    from unnest(${list(values)}) as u (${list(names.map((n) => sql.ref(n)))})
    where ${list(
      ids.map(([c]) => sql`t.${sql.ref(c)} = u.${sql.ref(`i_${c}`)}`),
      sql` and `,
    )}`.execute(tx);
}

/** Returns an SQL condition for rows with an envelope of another version than this one. */
export const otherThan = (table: SealedTable, version: number): RawBuilder<unknown> =>
  list(
    Object.keys(table.columns).map((c) => sql`keyring.envelope_version(${sql.ref(c)}) <> ${version}::int`),
    sql` or `,
  );

/** Re-encrypts a page of a table under the current version. */
export async function reseal(tx: Tx, keys: Keys, table: SealedTable, after: Position, limit: number): Promise<Walked> {
  const condition = otherThan(table, keys.version);
  const { rows, next } = await pageOf(tx, table, after, limit, { condition, lock: true });
  const changes = rows.map(({ cells, sealed }): Change => {
    const bytes: Record<string, string | null> = {};
    for (const [column, { purpose, place }] of Object.entries(table.columns)) {
      const envelope = sealed[column];
      if (!envelope) {
        bytes[column] = null;
        continue;
      }
      const at = place(cells);
      const plain = keys.open(purpose, at, envelope);
      const old = labelOf(envelope)?.version !== keys.version;
      bytes[column] = (old ? keys.seal(purpose, at, plain) : envelope).toString('base64');
      if (table.index?.of === column) bytes[table.index.column] = table.index.make(keys, plain).toString('base64');
    }
    if (table.index && !(table.index.column in bytes)) bytes[table.index.column] = null;
    return { cells, bytes };
  });
  const version = table.versionColumn ? [sql`${sql.ref(table.versionColumn)} = ${keys.version}::int`] : [];
  await update(tx, table, changes, version);
  return { count: rows.length, next };
}

/** Re-encrypts these people's rows from their old keys to their new ones. @returns how many rows */
export async function resealOf(
  tx: Tx,
  table: PersonTable,
  people: readonly string[],
  old: PersonBox,
  renewed: PersonBox,
  limit: number,
): Promise<number> {
  const condition = sql`${sql.ref(table.person)} = any(${people}::uuid[])`;
  let count = 0;
  for (let after: Position = null; ; ) {
    const page: Page = await pageOf(tx, table, after, limit, { condition, lock: true });
    const changes = page.rows.map(({ cells, sealed }): Change => {
      const bytes: Record<string, string | null> = {};
      for (const [column, place] of Object.entries(table.columns)) {
        const envelope = sealed[column];
        const at = place(cells);
        bytes[column] = envelope ? renewed.seal(at, old.open(at, envelope)).toString('base64') : null;
      }
      return { cells, bytes };
    });
    await update(tx, table, changes);
    count += changes.length;
    if (page.next === null) return count;
    after = page.next;
  }
}
