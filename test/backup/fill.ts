import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { listSequences, listTables, quote, quoted, type Table } from '../../sync/server/features/backup/dump.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';

/**
 * Fills every table of a database by its catalogue, so a table added by a later migration is filled automatically. Row i of every
 * table has the same uuid and the same text, so that references hold. Values are chosen to be hard to transfer: microseconds,
 * quotes, line breaks, backslashes, empty and null, all bytes.
 */

/** Columns constrained by a rule of their table. */
const ODD: Readonly<Record<string, (row: number) => string>> = {
  'merge_candidate.second': (row) => `'${uuid(row + 1_000_000)}'`,
  'lookalike.second': (row) => `'${uuid(row + 1_000_000)}'`,
  // At most one is in progress.
  'model_migration.state': (row) => (row === 0 ? `'working'` : `'done'`),
  // Exactly one of both, until it is revoked.
  'credential.hash': (row) => (row % 2 === 0 ? `decode('00ff${row.toString(16).padStart(4, '0')}', 'hex')` : 'null'),
  'credential.number': (row) => (row % 2 === 1 ? `decode('00ff225c', 'hex')` : 'null'),
  'credential.revoked_at': () => 'null',
  // One at a time per site.
  'evacuation.ended_at': (row) => (row === 0 ? 'null' : `'2027-01-01 08:00:01.123456+02'`),
  'rollout.ended_at': (row) => (row === 0 ? 'null' : `'2027-01-01 08:00:01.123456+02'`),
  'meta.key': (row) => `'filled-${row}'`,
  'site.day_starts_at': () => `'04:00'`,
  'report_schedule.at': () => `'07:30'`,
  'site.is_default': () => 'false',
  'keyring.identity.one': () => 'true',
  'keyring.token_key.one': () => 'true',
};

/** Tables of one row. */
const SINGLE = new Set(Object.keys(ODD).flatMap((column) => (column.endsWith('.one') ? [column.slice(0, -4)] : [])));

export function uuid(row: number): string {
  const hex = createHash('sha256').update(`fill ${row}`).digest('hex');
  // Ordered by `row`, as some tables require.
  return `${(0x10000000 + row).toString(16)}-${hex.slice(0, 4)}-4${hex.slice(4, 7)}-a${hex.slice(7, 10)}-${hex.slice(10, 22)}`;
}

const text43 = (row: number) => createHash('sha256').update(`text ${row}`).digest('base64url');

/** @param leave tables (`schema.name`) to skip. @returns tables that didn't accept every row, with their errors */
export async function fillEveryTable(
  db: Db,
  rows: number,
  leave: (table: string) => boolean = () => false,
): Promise<Record<string, string>> {
  const refused: Record<string, string> = {};
  let waiting = (await listTables(db))
    .map((table) => ({ table, next: 0 }))
    .filter(({ table }) => !leave(`${table.schema}.${table.name}`));
  // A table may refer to one that is later in the alphabet.
  for (let round = 0; round < 6 && waiting.length > 0; round++) {
    const left: typeof waiting = [];
    for (const each of waiting) {
      const name = `${each.table.schema}.${each.table.name}`.replace(/^public\./, '');
      const rules = await rulesOf(db, each.table);
      try {
        for (; each.next < (SINGLE.has(name) ? 1 : rows); each.next++)
          await insertRow(db, each.table, name, each.next, rules);
        delete refused[name];
      } catch (cause) {
        refused[name] = (cause as Error).message;
        left.push(each);
      }
    }
    waiting = left;
  }
  // As if the rows had got their numbers from the sequences.
  for (const { schema, name } of await listSequences(db))
    await sql`select setval(${quoted(schema, name)}::regclass, ${rows + 1000})`.execute(db);
  return refused;
}

interface Rules {
  readonly nullable: ReadonlySet<string>;
  /** Values that a check permits. */
  readonly allowed: ReadonlyMap<string, readonly string[]>;
}

async function insertRow(db: Db, table: Table, name: string, row: number, rules: Rules): Promise<void> {
  const columns = table.columns.map((c) => quote(c.name)).join(', ');
  const insert = async (without: (column: string) => boolean) => {
    const values = table.columns.map((c) => {
      const odd = ODD[`${name}.${c.name}`]?.(row);
      if (odd === undefined && without(c.name)) return 'null';
      const list = rules.allowed.get(c.name);
      return odd ?? (list ? `'${list[row % list.length]}'` : anyValue(c.type, c.name, row));
    });
    await sql
      .raw(
        `insert into ${quoted(table.schema, table.name)} (${columns}) overriding system value values (${values.join(', ')})`,
      )
      .execute(db);
  };
  // Some rows with nulls wherever possible, the others complete; where a check links columns, one of them is null.
  const tries = [
    ...(row % 4 === 3 ? [(column: string) => rules.nullable.has(column)] : []),
    () => false,
    ...[...rules.nullable].map((n) => (column: string) => column === n),
  ];
  let refused: unknown;
  for (const without of tries) {
    try {
      return await insert(without);
    } catch (cause) {
      if ((cause as { code?: string }).code !== '23514') throw cause;
      refused = cause;
    }
  }
  throw refused;
}

function anyValue(type: string, column: string, row: number): string {
  if (type === 'uuid') return `'${uuid(row)}'`;
  if (type === 'boolean') return row % 2 === 0 ? 'true' : 'false';
  if (type === 'integer' || type === 'bigint' || type === 'smallint') return String(row + 10);
  if (type === 'real' || type === 'double precision') return String(Math.fround(0.1 + row / 7));
  if (type.startsWith('timestamp'))
    return `'2027-0${1 + (row % 3)}-0${1 + (row % 9)} 08:0${row % 10}:01.12345${row % 10}+02'`;
  if (type === 'date') return `'2027-03-0${1 + (row % 9)}'`;
  if (type === 'bytea')
    return `decode('00ff225c270a${createHash('sha256').update(String(row)).digest('hex').slice(12)}', 'hex')`;
  if (type === 'jsonb' || type === 'json')
    return `'{"row": ${row}, "text": "a \\"quote\\", \\\\ and \\n", "none": null}'`;
  if (type.endsWith('[]')) return arrayOf(type, row);
  if (type === 'text' && column === 'address') return `'${text43(row)}'`;
  if (type === 'text' && (column === 'name' || column === 'reason'))
    return row % 3 === 0 ? `'a "b", c\\d\ne (${row})'` : `'${row} — ünïcode 字'`;
  return `'${text43(row)}'`;
}

function arrayOf(type: string, row: number): string {
  const element = type.slice(0, -2);
  if (element === 'uuid') return `array['${uuid(row)}']::uuid[]`;
  if (element === 'integer' || element === 'bigint') return `array[0, ${row + 1}]::${type}`;
  return `array['a,b', '"', '', '${row}']::${type}`;
}

async function rulesOf(db: Db, table: Table): Promise<Rules> {
  const of = sql`${quoted(table.schema, table.name)}::regclass`;
  const { rows: columns } = await sql<{ name: string }>`
    select attname as name from pg_attribute where attrelid = ${of} and attnum > 0 and not attnotnull`.execute(db);
  const { rows: checks } = await sql<{ definition: string }>`
    select pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'c' and conrelid = ${of}`.execute(
    db,
  );
  const allowed = new Map<string, string[]>();
  for (const { definition } of checks) {
    const found = /^CHECK \(\(*"?(\w+)"? = ANY \(\(?ARRAY\[(.*?)\]/.exec(definition);
    if (found)
      allowed.set(
        found[1]!,
        [...found[2]!.matchAll(/'([^']*)'/g)].map((m) => m[1]!),
      );
  }
  return { nullable: new Set(columns.map((c) => c.name)), allowed };
}

/**
 * Every row of every table as text, sorted, for comparing two databases. `change` holds transaction ids.
 * @param without a column to omit, in every table
 */
export async function everyRow(db: Db, without?: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  await db.transaction().execute(async (tx) => {
    await sql.raw(`set local timezone = 'UTC'`).execute(tx);
    for (const t of await listTables(tx)) {
      const columns = t.columns
        .filter((c) => c.name !== without && !(c.name === 'change' && c.type === 'bigint'))
        .map((c) => `t.${quote(c.name)}`);
      const { rows } = await sql
        .raw<{ r: string }>(
          `select row(${columns.join(', ')})::text as r from ${quoted(t.schema, t.name)} t order by 1`,
        )
        .execute(tx);
      found.set(
        `${t.schema}.${t.name}`,
        rows.map((r) => r.r),
      );
    }
  });
  return found;
}
