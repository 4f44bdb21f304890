import { type PersonField, personFields } from '../../../protocol/api/people.ts';
import { type Place, placeOf } from '../../platform/keys/envelope.ts';

/** How what is known of a person in words is encrypted and found. Pure. */

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
export const fieldPlace = (field: Field, person: string, rowVersion: number): Place =>
  placeOf(`person.${field}`, person, { person, rowVersion });

/** What a blind index is made of, so that two ways to write one value are found as one. */
export function normalised(field: IndexedField, value: string): string {
  const text = value.normalize('NFC').trim();
  return field === 'email' ? text.toLowerCase().normalize('NFC') : text;
}
