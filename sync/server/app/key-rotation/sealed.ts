import type { Place, Purpose } from '../../platform/keys/envelope.ts';
import { type Cell, type Sealed, type ServerModule, tablesOf } from '../../platform/server-module.ts';

/**
 * Every column with envelopes, as declared by the modules: a rotation re-encrypts them, and its verification opens them. If a
 * column was not declared, the rotation stops at its end (`rotation-left-over`) and nothing is lost. Declare it, then continue.
 */

/** A row's values as text, number or null, without the envelopes. */
export type Cells = Readonly<Record<string, string | number | null>>;

interface Table {
  /** Table name in SQL, with its schema if needed. */
  readonly table: string;
  readonly id: NonNullable<Sealed['id']>;
  readonly reads: NonNullable<Sealed['reads']>;
}

/** A table with columns under the environment's keys. */
export interface SealedTable extends Table, Pick<Extract<Sealed, { by: 'environment' }>, 'index' | 'versionColumn'> {
  readonly columns: Readonly<Record<string, { readonly purpose: Purpose; readonly place: (row: Cells) => Place }>>;
  /** SQL condition for the rows, all by default. For a large table, an index should support it. */
  readonly where?: string;
}

/** A table with columns under the key of the person that the row is about. */
export interface PersonTable extends Table {
  readonly person: string;
  readonly columns: Readonly<Record<string, (row: Cells) => Place>>;
}

export interface SealedTables {
  readonly environment: readonly SealedTable[];
  /** Tables under people's keys, except `person` itself, whose two layers core/people/rows.ts handles. */
  readonly persons: readonly PersonTable[];
}

const cellOf =
  (row: Cells): Cell =>
  (column) =>
    String(row[column]);

export function sealedTables(modules: readonly ServerModule[]): SealedTables {
  const environment: SealedTable[] = [];
  const persons: PersonTable[] = [];
  for (const [table, { sealed }] of tablesOf(modules)) {
    if (!sealed) continue;
    const { id = { id: 'uuid' }, reads = [] } = sealed;
    if (sealed.by === 'environment') {
      const { by: _, purpose = 'field', columns, ...rest } = sealed;
      const places = mapped(columns, (place) => ({ purpose, place: (row: Cells) => place(cellOf(row)) }));
      environment.push({ ...rest, table, id, reads, columns: places });
      continue;
    }
    const person = (sealed.by === 'person' && sealed.person) || 'person';
    const columns: Readonly<Record<string, (cell: Cell, person: string) => Place>> = sealed.columns;
    const places = mapped(columns, (place) => (row: Cells) => place(cellOf(row), String(row[person])));
    persons.push({ table, id, reads, person, columns: places });
    if (sealed.by === 'person') continue;
    const where = `${person} is null and (${Object.keys(columns)
      .map((c) => `${c} is not null`)
      .join(' or ')})`;
    const ofNobody = mapped(sealed.columns, (place) => ({
      purpose: 'field' as const,
      place: (row: Cells) => place(cellOf(row), null),
    }));
    environment.push({ table, id, reads, where, columns: ofNobody });
  }
  return { environment, persons };
}

const mapped = <T, R>(record: Readonly<Record<string, T>>, to: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));

/** Columns of bytes that hold no envelopes: random values and hashes. One in 2²⁴ of these looks like an envelope. */
export const NO_ENVELOPES: ReadonlySet<string> = new Set([
  'public.photo_piece.bytes',
  'public.audit.sealed',
  'public.audit.subjects',
  'public.audit.mac',
  'public.audit_checkpoint.mac',
  'public.audit_checkpoint.seal',
  'public.audit_anchor.mac',
  'public.audit_anchor.seal',
  'public.idempotency.key',
  'public.idempotency.digest',
  'public.idempotency.answer',
  'public.sign_in_attempt.key',
]);
/** More columns without envelopes, by the end of their name. */
export const NO_ENVELOPE_NAMES = /(^|_)(index|hash|digest)$/;
