import { type RawBuilder, sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { type Person, personFields } from '../../../protocol/api/people.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { find, idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Standing } from '../consents/standing.ts';
import { DEFAULT_SCOPE } from '../sites/sites.ts';
import type { OpenedPeople } from './opened.ts';
import { selectRows, type Values } from './rows.ts';

/** A person as the API shows them. */
export interface Shown extends Omit<Person, 'updatedAt'> {
  readonly updatedAt: Date;
}

/** People as the API shows them; people unknown or erased are absent. As many statements for one as for all. */
export const shownPeople = async (
  db: Db,
  keys: Keys,
  people: readonly string[],
  opened?: OpenedPeople,
): Promise<Map<string, Shown>> =>
  people.length === 0 ? new Map() : openPeople(db, keys, await readAround(db, listed(people)), opened);

/** Ids as a relation, for `readAround`. */
export const listed = (people: readonly string[]): RawBuilder<unknown> => sql`unnest(${[...people]}::uuid[])`;

/** @param opened what of them the session has opened already */
export async function openPeople(
  db: Db,
  keys: Keys,
  rows: readonly Around[],
  opened?: OpenedPeople,
): Promise<Map<string, Shown>> {
  const known = new Map<string, Values>();
  for (const { id, version, keyed } of rows) {
    const values = keyed ? opened?.take(db, id, version) : undefined;
    if (values) known.set(id, values);
  }
  const missing = idsOf(rows).filter((id) => !known.has(id));
  const read = new Map((await selectRows(db, keys, missing, { shown: true })).map((r) => [r.id, r]));
  return new Map(
    rows.flatMap(({ id, keyed: _, merged: __, ...row }) => {
      const found = read.get(id);
      // Erased between the two statements.
      if (!known.has(id) && (!found || found.deletedAt)) return [];
      if (found) opened?.put(db, found);
      const values = known.get(id) ?? found?.values;
      const fields = Object.fromEntries(personFields.map((f) => [f, values?.[f] ?? null])) as Pick<
        Person,
        keyof Values
      >;
      const version = found?.rowVersion ?? row.version;
      const gpsOptOut = found?.gpsOptOut ?? row.gpsOptOut;
      return [[id, { ...row, ...fields, id, version, gpsOptOut }] as const];
    }),
  );
}

/** @throws Problem `person-unknown`, for people erased or merged too */
export async function requireShown(db: Db, keys: Keys, person: string): Promise<Shown> {
  const found = (await shownPeople(db, keys, [person])).get(person);
  const row = await find(db, 'person', { id: person }, ['merged_into']);
  if (!found || row?.merged_into) throw new Problem('person-unknown');
  return found;
}

export interface Around {
  readonly id: string;
  readonly version: number;
  readonly gpsOptOut: boolean;
  readonly updatedAt: Date;
  /** They have a key, which opens what is kept of them. */
  readonly keyed: boolean;
  /** They turned out to be another. */
  readonly merged: boolean;
  /** A default site that has no row yet is left out. */
  readonly sites: string[];
  readonly templates: number;
  readonly consent: Standing;
}

/**
 * What of people is open, in one statement, in the order of ids: people unknown or erased are absent.
 *
 * @param ids a relation of one column
 */
export async function readAround(db: Db, ids: RawBuilder<unknown>): Promise<Around[]> {
  const { rows } = await sql<Around>`
    select p.id, p.row_version as version, p.gps_opt_out as "gpsOptOut", p.updated_at as "updatedAt",
           p.merged_into is not null as merged,
           exists (select from keyring.person_key k where k.person = p.id) as keyed,
           array(select coalesce(d.id, s.site)::text
                 from person_site s left join site d on d.is_default and s.site = ${DEFAULT_SCOPE}::uuid
                 where s.person = p.id and (d.id is not null or s.site <> ${DEFAULT_SCOPE}::uuid)
                 order by s.site) as sites,
           (select count(*)::int from template t where t.person = p.id) as templates,
           coalesce((select c.action from consent c where c.person = p.id order by c.at desc, c.action desc limit 1),
                    'none') as consent
    from ${ids} as asked (id) join person p on p.id = asked.id where p.deleted_at is null order by p.id`.execute(db);
  return rows;
}

/** Who asks; it is about them. */
export function self(actor: Actor, about: (people: string[]) => void): string {
  if (actor.role !== 'person' || actor.id === null) throw new Problem('person-unknown');
  about([actor.id]);
  return actor.id;
}
