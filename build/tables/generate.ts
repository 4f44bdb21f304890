/** Generates TypeScript types of the server's tables from the database's own catalogue. */

export interface Column {
  readonly name: string;
  /** The type as PostgreSQL's `format_type` writes it. */
  readonly type: string;
  readonly nullable: boolean;
  /** Whether an insert may omit the column: it has a default or is an identity. */
  readonly defaulted: boolean;
  /** Values allowed by a check on this column alone; null if there is no such check. */
  readonly values: readonly string[] | null;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
}

const WIDTH = 120;

const HEAD = `/* Written by \`npm run tables\` from what the migrations make: change the schema or build/tables, not this file. What tables
   and columns are for is said in baseline/. */

import type { ColumnType, Kysely, Selectable, Transaction } from 'kysely';

/** PGlite and pg both give bytea back as Uint8Array (Buffer is one). */
type Bytes = Uint8Array;
/** timestamptz: read as Date, written as Date or RFC 3339. */
type Instant = ColumnType<Date, Date | string, Date | string>;
/** jsonb: written as text. */
type Json<T> = ColumnType<T, string, string>;
/** bigint: a number where it is exact; beyond that a BigInt comes back, so read it through Number(). */
type Big = ColumnType<number | string, number, number>;
/** May be left out of an insert. */
type Defaulted<T> = [T] extends [ColumnType<infer S, infer I, infer U>]
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

`;

/** @throws Error if COLUMN_TYPES names a column that doesn't exist, or a column has a type unknown here */
export function generateTables(tables: readonly Table[]): string {
  const columns = new Set(tables.flatMap((t) => t.columns.map((c) => `${t.schema}.${t.name}.${c.name}`)));
  for (const name of Object.keys(COLUMN_TYPES))
    if (!columns.has(name)) throw new Error(`COLUMN_TYPES names a column that is not there: ${name}`);
  const body = tables.map((table) => {
    const key = table.schema === 'public' ? table.name : `${table.schema}.${table.name}`;
    return [
      `  ${/\W/.test(key) ? `'${key}'` : key}: {`,
      ...table.columns.flatMap((column) => property(column.name, typeOf(table, column))),
      '  };',
    ].join('\n');
  });
  return `${HEAD}export interface Tables {\n${body.join('\n')}\n}\n\n/** A row of a table, as it is read. */\nexport type Row<T extends keyof Tables> = Selectable<Tables[T]>;\n\nexport type Db = Kysely<Tables>;\n\n/** A transaction under way. */\nexport type Tx = Transaction<Tables>;\n`;
}

function property(name: string, union: readonly string[]): string[] {
  const line = `    ${name}: ${union.join(' | ')};`;
  if (line.length <= WIDTH) return [line];
  return [`    ${name}:`, ...union.map((one, i) => `      | ${one}${i === union.length - 1 ? ';' : ''}`)];
}

/** Returns the members of a column's union type. */
function typeOf(table: Table, column: Column): string[] {
  const name = `${table.schema}.${table.name}.${column.name}`;
  const members = COLUMN_TYPES[name]
    ? [COLUMN_TYPES[name]]
    : (column.values?.map((v) => `'${v}'`) ?? [plain(column.type, name)]);
  if (column.nullable) members.push('null');
  return column.defaulted && !column.nullable ? [`Defaulted<${members.join(' | ')}>`] : members;
}

function plain(type: string, name: string): string {
  if (type.endsWith('[]')) return `${plain(type.slice(0, -2), name)}[]`;
  switch (type) {
    case 'uuid':
    case 'text':
      return 'string';
    case 'integer':
    case 'real':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return 'Big';
    case 'bytea':
      return 'Bytes';
    case 'jsonb':
      return 'Json<unknown>';
    case 'timestamp with time zone':
    case 'timestamp(3) with time zone':
      return 'Instant';
    default:
      throw new Error(`${name} has a type that build/tables/generate.ts does not know: ${type}`);
  }
}

/** TypeScript types of columns whose database type is too general. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  'public.consent_text.paragraphs': 'Json<string[]>',
  'public.import_photo.measured': 'Json<Record<string, number>>',
  'public.rollout.steps': "Json<import('../../../protocol/api/rollouts.ts').RolloutStep[]>",
  'public.rollout_action.detail': 'Json<Record<string, string | number | boolean>>',
  'keyring.rotation.plan': 'Json<{ step: string; rows: number }[]>',
};
