import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { getPerson, type PersonPatch as Patch } from '../../../protocol/api/people.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { defined, exists, findLocked, idsOf, insert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { livingPeople } from './living.ts';
import { forgetPositions, touchCheckinsOf } from './people.ts';
import {
  FIELDS,
  type Field,
  INDEXED_FIELDS,
  type IndexedField,
  normalised,
  selectRows,
  upsertRows,
  type Values,
} from './rows.ts';
import { publishToSites } from './sites.ts';

/** A person as shown by the API and the screens. */
export interface PersonRecord extends Record<Field, string | null> {
  readonly id: string;
  /** Number of changes, which `writePerson` compares. */
  readonly version: number;
  readonly gpsOptOut: boolean;
  readonly updatedAt: Date;
  readonly mergedInto: string | null;
}

/** Returns people by id, decrypted. Unknown and erased people are absent. @throws like `selectRows` */
export async function readPeople(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, PersonRecord>> {
  const rows = await selectRows(db, keys, people);
  return new Map(
    rows
      .filter((r) => r.deletedAt === null)
      .map((r) => [
        r.id,
        {
          ...(Object.fromEntries(FIELDS.map((f) => [f, r.values[f] ?? null])) as Record<Field, string | null>),
          id: r.id,
          version: r.rowVersion,
          gpsOptOut: r.gpsOptOut,
          updatedAt: r.updatedAt,
          mergedInto: r.mergedInto,
        },
      ]),
  );
}

/** Returns names of people, decrypted. People without a name and erased people are absent. */
export async function namesOf(db: Db, keys: Keys, people: readonly (string | null)[]): Promise<Map<string, string>> {
  const ids = people.filter((id) => id !== null);
  const rows = await selectRows(db, keys, ids, { shown: true });
  return new Map(rows.flatMap((r) => (r.values.name === undefined ? [] : [[r.id, r.values.name] as const])));
}

/** Like `namesOf` for roles that may read people. Returns no names for any other role. */
export const namesAs = async (
  { role }: Pick<Actor, 'role'>,
  db: Db,
  keys: Keys,
  people: readonly string[],
): Promise<Map<string, string>> =>
  (getPerson.roles as readonly string[]).includes(role) ? namesOf(db, keys, people) : new Map();

export interface PersonPatch extends Partial<Record<Field, string | null>> {
  readonly gpsOptOut?: boolean;
}

/**
 * Changes a person, or adds one. Fields that the patch doesn't name are kept; null clears a field. Doesn't notify kiosks: see
 * `changePerson`.
 *
 * @param o `expectVersion`: the version that the change is based on; 0: no such person may exist yet; absent: any
 * @returns the new version, and the names of the fields whose values changed
 * @throws Problem `person-unknown`, `person-erased`, `person-merged`, `person-changed` (someone else was faster)
 */
export async function writePerson(
  tx: Tx,
  keys: Keys,
  { id, patch, expectVersion }: { readonly id: string; readonly patch: PersonPatch; readonly expectVersion?: number },
  now: Date,
): Promise<{ readonly version: number; readonly changed: string[] }> {
  const [row] = await selectRows(tx, keys, [id], { lock: true });
  if (row?.deletedAt) throw new Problem('person-erased');
  if (row?.mergedInto) throw new Problem('person-merged');
  if (!row && expectVersion) throw new Problem('person-unknown');
  if (expectVersion !== undefined && expectVersion !== (row?.rowVersion ?? 0)) throw new Problem('person-changed');
  const values: Values = { ...row?.values };
  const changed: string[] = [];
  for (const field of FIELDS) {
    const value = patch[field];
    if (value === undefined || value === (values[field] ?? null)) continue;
    changed.push(field);
    if (value === null) delete values[field];
    else values[field] = value;
  }
  const gpsOptOut = patch.gpsOptOut ?? row?.gpsOptOut ?? false;
  if (gpsOptOut !== (row?.gpsOptOut ?? false)) changed.push('gpsOptOut');
  if (row && changed.length === 0) return { version: row.rowVersion, changed };
  const version = (row?.rowVersion ?? 0) + 1;
  await upsertRows(tx, keys, [{ id, values, rowVersion: version, claimedAt: now, gpsOptOut, updatedAt: now }]);
  await touchCheckinsOf(tx, [id], now);
  return { version, changed };
}

/**
 * Finds living people with exactly this e-mail address, number or badge, by the blind index: nothing is decrypted. During a
 * key rotation it searches under both keys.
 *
 * @param what fields that must all match; none finds nobody
 */
export async function findPeople(db: Db, keys: Keys, what: Partial<Record<IndexedField, string>>): Promise<string[]> {
  const given = INDEXED_FIELDS.flatMap((field) => {
    const value = what[field];
    return value === undefined ? [] : [{ field, value }];
  });
  if (given.length === 0) return [];
  let query = livingPeople(db).orderBy('id');
  for (const { field, value } of given)
    query = query.where(`${field}_index`, 'in', keys.blindIndexes(`person.${field}`, normalised(field, value)));
  return (await query.execute()).map((r) => r.id);
}

/** Finds living people whose number, e-mail address or badge is exactly this text. By the blind index, like `findPeople`. */
export async function findExactly(db: Db, keys: Keys, text: string): Promise<string[]> {
  const rows = await livingPeople(db)
    .where(({ or, eb }) =>
      or(
        INDEXED_FIELDS.map((field) =>
          eb(`${field}_index`, 'in', keys.blindIndexes(`person.${field}`, normalised(field, text))),
        ),
      ),
    )
    .orderBy('id')
    .execute();
  return idsOf(rows);
}

/** Who records something about a person here: staff, the person, or an import on the operator's behalf. */
export interface RecordedBy {
  readonly via: 'staff' | 'person' | 'import';
  /** Account; null for the person. */
  readonly account: string | null;
}

export const byStaff = ({ id }: Pick<Actor, 'id'>) => ({ via: 'staff', account: id }) as const satisfies RecordedBy;
export const BY_THEMSELVES = { via: 'person', account: null } as const satisfies RecordedBy;

/** Records in the person's history who added them, or who changed which fields. */
export const recordChange = (
  tx: Tx,
  person: string,
  change: 'added' | 'updated',
  fields: readonly string[],
  { via, account }: RecordedBy,
  now: Date,
): Promise<unknown> =>
  insert(tx, 'profile_change', { id: v7(), person, change, fields: [...fields], at: now, via, recorded_by: account });

/**
 * Changes a person, records it in their history, and notifies their kiosks.
 *
 * @returns names of the fields that changed
 * @throws Problem like `writePerson`; `person-unknown`
 */
export async function changePerson(
  tx: Tx,
  keys: Keys,
  person: string,
  { version, ...patch }: Patch,
  by: RecordedBy,
  now: Date,
): Promise<string[]> {
  // A change never creates a person.
  if (!(await exists(tx, 'person', { id: person }))) throw new Problem('person-unknown');
  // Serialises with an ingest that is writing their position (lockPeople): it commits before this starts, or after it ends.
  if (patch.gpsOptOut) await findLocked(tx, 'person', { id: person }, ['id']);
  const expect = version === undefined ? {} : { expectVersion: version };
  const { changed } = await writePerson(tx, keys, { id: person, patch: defined(patch), ...expect }, now);
  if (patch.gpsOptOut && changed.includes('gpsOptOut')) await forgetPositions(tx, [person]);
  if (changed.length > 0) {
    await recordChange(tx, person, 'updated', changed, by, now);
    const kinds = changed.includes('badge') ? (['person', 'credentials'] as const) : (['person'] as const);
    await publishToSites(tx, person, kinds, now);
  }
  return changed;
}
