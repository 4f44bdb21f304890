import { type RawBuilder, sql } from 'kysely';
import { type PersonField, personFields } from '../../../protocol/api/people.ts';
import { findAll, idsOf } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { noteAuditRoots, type PersonBox, personBox } from '../../platform/keys/persons.ts';

/** How personal fields are encrypted and looked up. Pure. */

/** Each a column of `person`, under the person's key, and under pgcrypto's layer but for the language. */
export const FIELDS = personFields;
export type Field = PersonField;

/** Fields with the second layer that the database itself takes off (POLICY P10). */
export const PGCRYPTO_FIELDS: readonly Field[] = FIELDS.filter((field) => field !== 'language');

/** Fields that people are looked up by, through a keyed blind index. */
export const INDEXED_FIELDS = ['number', 'email', 'badge'] as const satisfies readonly Field[];
export type IndexedField = (typeof INDEXED_FIELDS)[number];

/** Opened values; a field that is not known is absent. */
export type Values = Partial<Record<Field, string>>;

/** @param rowVersion of the person's row: an envelope of an earlier one does not open in its place */
const fieldPlace = (field: Field, person: string, rowVersion: number): Place =>
  placeOf(`person.${field}`, person, { person, rowVersion });

/** What a blind index is made of, so that two ways to write one value are found as one. */
export function normalised(field: IndexedField, value: string): string {
  const text = value.normalize('NFC').trim();
  return field === 'email' ? text.toLowerCase().normalize('NFC') : text;
}

/**
 * Rows of `person`: each value an envelope under the person's key, and around it, but for the language, pgcrypto's layer.
 * The database takes that off and puts it on; its pass phrase travels as a bind parameter, never in a statement's text.
 */

/**
 * AES-256 as the policy asks. The pass phrase is a random key, so it needs no stretching (`s2k-mode=1`): iterations would
 * cost a millisecond a value and add nothing.
 */
export const PGCRYPTO_OPTIONS = 'cipher-algo=aes256, compress-algo=0, s2k-mode=1, s2k-digest-algo=sha256';

export interface PersonRow {
  readonly id: string;
  readonly values: Values;
  readonly rowVersion: number;
  readonly gpsOptOut: boolean;
  readonly claimedAt: Date | null;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
  readonly mergedInto: string | null;
}

type Sealed = Record<Field, Uint8Array | null>;

interface Stored extends Sealed {
  readonly id: string;
  readonly row_version: number;
  readonly pii_version: number;
  readonly gps_opt_out: boolean;
  readonly claimed_at: Date | null;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
  readonly merged_into: string | null;
}

/** Pass phrases by version, as an expression that picks the one of a row. */
function phraseOf(keys: Keys, version: RawBuilder<unknown>): RawBuilder<unknown> {
  const cases = keys.versions.map((v) => sql`when ${v}::int then ${keys.pgcrypto(v)}::text`);
  return sql`case ${version} ${sql.join(cases, sql` `)} end`;
}

/**
 * Rows of these people, opened.
 *
 * @param o `fields`: only these are decrypted, default all; `lock`: until the transaction ends, in the order of ids;
 *   `shown`: the audit row of this transaction is going to name them
 * @throws Problem `person-key-destroyed`, `envelope-broken`, `key-version-unknown`
 */
export async function selectRows(
  db: Db,
  keys: Keys,
  people: readonly string[],
  o: { readonly fields?: readonly Field[]; readonly lock?: boolean; readonly shown?: boolean } = {},
): Promise<PersonRow[]> {
  if (people.length === 0) return [];
  const fields = o.fields ?? FIELDS;
  const ids = [...new Set(people)].sort();
  const columns = fields.map((field) =>
    PGCRYPTO_FIELDS.includes(field)
      ? sql`pgp_sym_decrypt_bytea(${sql.ref(field)}, ${phraseOf(keys, sql`pii_version`)}) as ${sql.ref(field)}`
      : sql.ref(field),
  );
  const { rows } = await sql<Stored>`
    select id, row_version, pii_version, gps_opt_out, claimed_at, updated_at, deleted_at, merged_into,
           ${sql.join(columns)}
    from person where id = any(${ids}::uuid[]) order by id ${o.lock ? sql`for no key update` : sql``}`.execute(db);
  const filled = rows.filter((r) => fields.some((f) => r[f]));
  // The layer of a version that is not at hand comes back as null, which must not look like "not known".
  for (const { pii_version: version } of filled) if (!keys.versions.includes(version)) keys.pgcrypto(version);
  const box = await personBox(db, keys, idsOf(filled));
  if (o.shown) noteAuditRoots(db, idsOf(filled), box.auditRoot);
  const erased = await erasedSince(
    db,
    filled.flatMap((r) => (box.has(r.id) ? [] : [r.id])),
  );
  return rows.map((r) => ({
    id: r.id,
    values: erased.has(r.id) ? {} : opened(box, r, fields),
    rowVersion: r.row_version,
    gpsOptOut: r.gps_opt_out,
    claimedAt: r.claimed_at,
    updatedAt: r.updated_at,
    deletedAt: erased.get(r.id) ?? r.deleted_at,
    mergedInto: r.merged_into,
  }));
}

/** People whose key went after their row was read, since an erasure was committed in between; when they were erased. */
async function erasedSince(db: Db, people: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  if (people.length === 0) return new Map();
  const rows = await findAll(db, 'person', { id: people }, ['id', 'deleted_at']);
  return new Map(rows.flatMap(({ id, deleted_at: at }) => (at ? [[id, at] as const] : [])));
}

function opened(box: PersonBox, row: Stored, fields: readonly Field[]): Values {
  const values: Values = {};
  for (const field of fields) {
    const sealed = row[field];
    if (!sealed) continue;
    const place = fieldPlace(field, row.id, row.row_version);
    values[field] = String(box.openJson(place, sealed));
  }
  return values;
}

/** What is written of a row: everything. */
export interface NewRow {
  readonly id: string;
  readonly values: Values;
  readonly rowVersion: number;
  readonly claimedAt: Date;
  readonly gpsOptOut: boolean;
}

/** Writes whole rows of living people in one statement, each value resealed under the row's new version. */
export async function upsertRows(tx: Tx, keys: Keys, rows: readonly NewRow[], now: Date): Promise<void> {
  if (rows.length === 0) return;
  const box = await personBox(tx, keys, idsOf(rows), { make: true });
  const column = (field: Field) =>
    rows.map(({ id, values, rowVersion }) => {
      const value = values[field];
      return value === undefined ? null : box.sealJson(fieldPlace(field, id, rowVersion), value).toString('base64');
    });
  const index = (field: (typeof INDEXED_FIELDS)[number]) =>
    rows.map(({ values }) => {
      const value = values[field];
      return value === undefined
        ? null
        : keys.blindIndex(`person.${field}`, normalised(field, value)).toString('base64');
    });
  const phrase = keys.pgcrypto();
  const layered = (field: Field) =>
    sql`pgp_sym_encrypt_bytea(decode(u.${sql.ref(field)}, 'base64'), ${phrase}::text, ${PGCRYPTO_OPTIONS}::text)`;
  await sql`
    insert into person (id, row_version, claimed_at, gps_opt_out, updated_at, deleted_at, pii_version, language,
                        ${sql.join(PGCRYPTO_FIELDS.map((f) => sql.ref(f)))},
                        ${sql.join(INDEXED_FIELDS.map((f) => sql.ref(`${f}_index`)))})
    select u.id, u.row_version, u.claimed_at, u.gps_opt_out, ${now.toISOString()}::timestamptz, null,
           ${keys.version}::int, decode(u.language, 'base64'), ${sql.join(PGCRYPTO_FIELDS.map(layered))},
           ${sql.join(INDEXED_FIELDS.map((f) => sql`decode(u.${sql.ref(`${f}_index`)}, 'base64')`))}
    from unnest(${rows.map((r) => r.id)}::uuid[], ${rows.map((r) => r.rowVersion)}::int[],
                ${rows.map((r) => r.claimedAt.toISOString())}::timestamptz[],
                ${rows.map((r) => r.gpsOptOut)}::boolean[], ${column('language')}::text[],
                ${sql.join(PGCRYPTO_FIELDS.map((f) => sql`${column(f)}::text[]`))},
                ${sql.join(INDEXED_FIELDS.map((f) => sql`${index(f)}::text[]`))})
      as u (id, row_version, claimed_at, gps_opt_out, language, ${sql.join(PGCRYPTO_FIELDS.map((f) => sql.ref(f)))},
            ${sql.join(INDEXED_FIELDS.map((f) => sql.ref(`${f}_index`)))})
    order by u.id
    on conflict (id) do update set
      ${sql.join(
        [
          ...FIELDS,
          ...INDEXED_FIELDS.map((f) => `${f}_index`),
          'pii_version',
          'row_version',
          'claimed_at',
          'gps_opt_out',
          'updated_at',
        ].map((c) => sql`${sql.ref(c)} = excluded.${sql.ref(c)}`),
      )}`.execute(tx);
}
