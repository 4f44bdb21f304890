import type { Transaction } from 'kysely';
import type { Open, Personal } from '../../protocol/wire/event.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys, Place } from '../keys/envelope.ts';
import { touchCheckinsOf } from './feed.ts';

const FIELDS = ['name', 'number', 'language'] as const;
type Field = (typeof FIELDS)[number];
type Envelopes = Record<Field, Uint8Array | null>;

const place = (field: Field, person: string, rowVersion: number): Place => ({
  field: `person.${field}`,
  person,
  record: person,
  rowVersion,
});

/** Who of these was erased. */
export async function tombstoned(tx: Transaction<Tables>, people: readonly string[]): Promise<ReadonlySet<string>> {
  if (people.length === 0) return new Set();
  const rows = await tx
    .selectFrom('person')
    .select('id')
    .where('id', 'in', [...new Set(people)])
    .where('deleted_at', 'is not', null)
    .execute();
  return new Set(rows.map((r) => r.id));
}

/** Applies a `person` event. What is written is sealed anew under the next row version, so that an old envelope can't be put back. */
export async function applyPerson(
  tx: Transaction<Tables>,
  keys: Keys,
  change: Open<'person'>['change'],
  personal: Personal<'person'>,
  now: Date,
): Promise<void> {
  const id = personal.person;
  if (!id) return;
  if (change === 'deleted') return erase(tx, id, now);
  const row = await tx.selectFrom('person').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row?.deleted_at) return;
  const rowVersion = (row?.row_version ?? 0) + 1;
  const sealed = Object.fromEntries(
    FIELDS.map((field) => {
      const held = row?.[field] ? keys.openJson(place(field, id, row.row_version), row[field]) : undefined;
      const value = personal[field] ?? held;
      return [field, value === undefined ? null : keys.sealJson(place(field, id, rowVersion), value)];
    }),
  ) as Envelopes;
  const values = { ...sealed, row_version: rowVersion, updated_at: now };
  await tx
    .insertInto('person')
    .values({ id, ...values, deleted_at: null })
    .onConflict((c) => c.column('id').doUpdateSet(values))
    .execute();
  await touchCheckinsOf(tx, id);
}

/** Removes every value of a person and what ties rows to them; the rows themselves, and the chain, stay. */
async function erase(tx: Transaction<Tables>, id: string, now: Date): Promise<void> {
  await touchCheckinsOf(tx, id);
  const nothing = { name: null, number: null, language: null, updated_at: now, deleted_at: now };
  await tx
    .insertInto('person')
    .values({ id, ...nothing, row_version: 1 })
    .onConflict((c) => c.column('id').doUpdateSet(nothing))
    .execute();
  await tx.updateTable('event').set({ person: null, personal: null }).where('person', '=', id).execute();
  await tx.updateTable('checkin').set({ person: null }).where('person', '=', id).execute();
}

/** Names of people, decrypted; whoever has none, or was erased, is absent. */
export async function namesOf(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, string>> {
  if (people.length === 0) return new Map();
  const rows = await db
    .selectFrom('person')
    .select(['id', 'name', 'row_version'])
    .where('id', 'in', [...new Set(people)])
    .execute();
  return new Map(
    rows.flatMap((r) =>
      r.name ? [[r.id, String(keys.openJson(place('name', r.id, r.row_version), r.name))] as const] : [],
    ),
  );
}
