import { type RawBuilder, sql } from 'kysely';
import { type PersonField, personFields } from '../../../protocol/api/people.ts';
import { findAll, idsOf } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { noteAuditRoots, type PersonBox, personBox } from '../../platform/keys/persons.ts';

/**
 * Rows of `person`. All values are in one envelope under the person's key, inside a layer of pgcrypto (POLICY P10). The
 * database adds and removes that layer; its pass phrase is sent as a bind parameter, never in a statement's text.
 */

export const FIELDS = personFields;
export type Field = PersonField;

/** Fields by which people can be found, through a keyed blind index. */
export const INDEXED_FIELDS = ['number', 'email', 'badge'] as const satisfies readonly Field[];
export type IndexedField = (typeof INDEXED_FIELDS)[number];
export const INDEX_COLUMNS = INDEXED_FIELDS.map((field) => `${field}_index` as const);

/** Decrypted values. Unknown fields are absent. */
export type Values = Partial<Record<Field, string>>;

/** @param rowVersion version of the person's row: an envelope of an earlier version can't be put in its place */
const profilePlace = (person: string, rowVersion: number): Place =>
  placeOf('person.profile', person, { person, rowVersion });

/** Returns a value as the blind index takes it, so that different spellings of one value are found as the same. */
export function normalised(field: IndexedField, value: string): string {
  const text = value.normalize('NFC').trim();
  return field === 'email' ? text.toLowerCase().normalize('NFC') : text;
}

/**
 * AES-256 as the policy requires. The pass phrase is a random key, so it needs no stretching (`s2k-mode=1`): iterations would
 * cost a millisecond per value and add nothing.
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

type Stored = Omit<PersonRow, 'values'> & { readonly profile: Uint8Array | null; readonly piiVersion: number };

/** Returns an SQL expression for the pass phrase of a row's version. */
function phraseOf(keys: Keys, version: RawBuilder<unknown>): RawBuilder<unknown> {
  const cases = keys.versions.map((v) => sql`when ${v}::int then ${keys.pgcrypto(v)}::text`);
  return sql`case ${version} ${sql.join(cases, sql` `)} end`;
}

/**
 * Returns the rows of these people, decrypted.
 *
 * @param o `lock`: lock the rows until the transaction ends, in the order of ids; `shown`: the audit row of this transaction
 *   will name them
 * @throws Problem `person-key-destroyed`, `envelope-broken`, `key-version-unknown`
 */
export async function selectRows(
  db: Db,
  keys: Keys,
  people: readonly string[],
  o: { readonly lock?: boolean; readonly shown?: boolean } = {},
): Promise<PersonRow[]> {
  if (people.length === 0) return [];
  const ids = [...new Set(people)].sort();
  const { rows } = await sql<Stored>`
    select id, row_version as "rowVersion", pii_version as "piiVersion", gps_opt_out as "gpsOptOut",
           claimed_at as "claimedAt", updated_at as "updatedAt", deleted_at as "deletedAt", merged_into as "mergedInto",
           pgp_sym_decrypt_bytea(profile, ${phraseOf(keys, sql`pii_version`)}) as profile
    from person where id = any(${ids}::uuid[]) order by id ${o.lock ? sql`for no key update` : sql``}`.execute(db);
  // If we lack the key of a row's version, its profile is null, which must not pass for "no values": `pgcrypto` throws then.
  const held = [0, ...keys.versions];
  for (const { piiVersion, deletedAt } of rows) if (!held.includes(piiVersion) && !deletedAt) keys.pgcrypto(piiVersion);
  const filled = rows.filter((r) => r.profile);
  const box = await personBox(db, keys, idsOf(filled));
  if (o.shown) noteAuditRoots(db, idsOf(filled), box.auditRoot);
  const keyless = filled.filter((r) => !box.has(r.id));
  const erased = await erasedSince(db, idsOf(keyless));
  return rows.map(({ profile, piiVersion: _, ...row }) => ({
    ...row,
    values: profile && !erased.has(row.id) ? opened(box, row, profile) : {},
    deletedAt: erased.get(row.id) ?? row.deletedAt,
  }));
}

/** Returns when people without a key were erased: an erasure may have been committed since their row was read. */
async function erasedSince(db: Db, people: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  if (people.length === 0) return new Map();
  const rows = await findAll(db, 'person', { id: people }, ['id', 'deleted_at']);
  return new Map(rows.flatMap(({ id, deleted_at: at }) => (at ? [[id, at] as const] : [])));
}

const opened = (box: PersonBox, { id, rowVersion }: Pick<Stored, 'id' | 'rowVersion'>, profile: Uint8Array): Values =>
  box.openJson(profilePlace(id, rowVersion), profile) as Values;

/** Returns blind indexes of these people for `unnest`: one array of base64 for each of `INDEX_COLUMNS`. */
export const indexesOf = (keys: Keys, rows: readonly { readonly values: Values }[]): RawBuilder<unknown> =>
  sql.join(
    INDEXED_FIELDS.map((field) => {
      const column = rows.map(({ values: { [field]: value } }) =>
        value === undefined ? null : keys.blindIndex(`person.${field}`, normalised(field, value)).toString('base64'),
      );
      return sql`${column}::text[]`;
    }),
  );

/** A whole row to write. */
export interface NewRow {
  readonly id: string;
  readonly values: Values;
  readonly rowVersion: number;
  readonly claimedAt: Date;
  readonly gpsOptOut: boolean;
  readonly updatedAt: Date;
}

/** Writes whole rows of living people in one statement, with the values encrypted under the row's version. */
export async function upsertRows(tx: Tx, keys: Keys, rows: readonly NewRow[]): Promise<void> {
  if (rows.length === 0) return;
  const box = await personBox(tx, keys, idsOf(rows), { make: true });
  const profiles = rows.map(({ id, values, rowVersion }) =>
    box.sealJson(profilePlace(id, rowVersion), values).toString('base64'),
  );
  await sql`
    insert into person (id, row_version, claimed_at, gps_opt_out, updated_at, deleted_at, pii_version, profile,
                        ${sql.join(INDEX_COLUMNS.map((c) => sql.ref(c)))})
    select u.id, u.row_version, u.claimed_at, u.gps_opt_out, u.updated_at, null,
           ${keys.version}::int,
           pgp_sym_encrypt_bytea(decode(u.profile, 'base64'), ${keys.pgcrypto()}::text, ${PGCRYPTO_OPTIONS}::text),
           ${sql.join(INDEX_COLUMNS.map((c) => sql`decode(u.${sql.ref(c)}, 'base64')`))}
    from unnest(${idsOf(rows)}::uuid[], ${rows.map((r) => r.rowVersion)}::int[],
                ${rows.map((r) => r.claimedAt.toISOString())}::timestamptz[],
                ${rows.map((r) => r.gpsOptOut)}::boolean[], ${rows.map((r) => r.updatedAt.toISOString())}::timestamptz[],
                ${profiles}::text[], ${indexesOf(keys, rows)})
      as u (id, row_version, claimed_at, gps_opt_out, updated_at, profile, ${sql.join(INDEX_COLUMNS.map((c) => sql.ref(c)))})
    order by u.id
    on conflict (id) do update set
      ${sql.join(
        ['profile', ...INDEX_COLUMNS, 'pii_version', 'row_version', 'claimed_at', 'gps_opt_out', 'updated_at'].map(
          (c) => sql`${sql.ref(c)} = excluded.${sql.ref(c)}`,
        ),
      )}`.execute(tx);
}
