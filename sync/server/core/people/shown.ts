import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { type Person, personFields } from '../../../protocol/api/people.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Standing } from '../consents/standing.ts';
import { DEFAULT_SCOPE } from '../sites/sites.ts';
import { livingPeople } from './living.ts';
import type { OpenedPeople } from './opened.ts';
import { selectRows, type Values } from './rows.ts';

/** A person as the API shows them. */
export interface Shown extends Omit<Person, 'updatedAt'> {
  readonly updatedAt: Date;
}

/** Returns SQL that `id = …` can compare with: any of these people. */
export const among = (people: readonly string[]) => sql<string>`any(${[...people]}::uuid[])`;

/** Returns people as the API shows them, merged ones too, in a fixed number of queries. Unknown or erased people are absent. */
export async function shownPeople(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, Shown>> {
  const all = db.selectFrom('person').select('id').where('deleted_at', 'is', null).where('id', '=', among(people));
  return people.length === 0 ? new Map() : openPeople(db, keys, await withAround(all).execute());
}

/** Returns people as the API shows them, decrypted. @param opened people that the session has already decrypted */
export async function openPeople(
  db: Db,
  keys: Keys,
  rows: readonly Around[],
  opened?: OpenedPeople,
): Promise<Map<string, Shown>> {
  const known = opened?.take(db, rows) ?? new Map<string, Values>();
  const missing = idsOf(rows).filter((id) => !known.has(id));
  const read = new Map((await selectRows(db, keys, missing, { shown: true })).map((r) => [r.id, r]));
  const shown = new Map<string, Shown>();
  for (const row of rows) {
    const { id } = row;
    const around = { ...row, ...NOTHING_KNOWN };
    const values = known.get(id);
    const found = read.get(id);
    if (values) shown.set(id, { ...around, ...values });
    else if (found && !found.deletedAt) {
      opened?.put(db, found);
      shown.set(id, { ...around, ...found.values, version: found.rowVersion, gpsOptOut: found.gpsOptOut });
    }
    // Otherwise they were erased between the two statements.
  }
  return shown;
}

const NOTHING_KNOWN = Object.fromEntries(personFields.map((f) => [f, null])) as Record<keyof Values, null>;

/** @throws Problem `person-unknown`, for people erased or merged too */
export async function requireShown(db: Db, keys: Keys, person: string): Promise<Shown> {
  const rows = await withAround(livingPeople(db).where('id', '=', person)).execute();
  const found = (await openPeople(db, keys, rows)).get(person);
  if (!found) throw new Problem('person-unknown');
  return found;
}

interface Around {
  readonly id: string;
  readonly version: number;
  readonly gpsOptOut: boolean;
  readonly updatedAt: Date;
  /** Without the default site if it has no row yet. */
  readonly sites: string[];
  readonly templates: number;
  readonly consent: Standing;
}

/** SQL for a person's current consent, in a query of `person`. */
export const standing = sql<Standing>`coalesce(
  (select c.action from consent c where c.person = person.id order by c.at desc, c.action desc limit 1), 'none')`;

/** Adds the unencrypted data of people to a query of `person`. */
export function withAround(query: ReturnType<typeof livingPeople>) {
  return query.select([
    'person.row_version as version',
    'person.gps_opt_out as gpsOptOut',
    'person.updated_at as updatedAt',
    sql<string[]>`array_remove(array(
      select case when s.site = ${DEFAULT_SCOPE}::uuid then (select id from site where is_default) else s.site end::text
      from person_site s where s.person = person.id order by s.site), null)`.as('sites'),
    sql<number>`(select count(*)::int from template t where t.person = person.id)`.as('templates'),
    standing.as('consent'),
  ]);
}

/** Returns the caller's own id, for calls about themselves. */
export function self(actor: Actor, about: (people: string[]) => void): string {
  if (actor.role !== 'person' || actor.id === null) throw new Problem('person-unknown');
  about([actor.id]);
  return actor.id;
}
