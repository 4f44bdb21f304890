import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import type { Person } from '../../../protocol/api/people.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Standing } from '../consents/standing.ts';
import { DEFAULT_SCOPE } from '../sites/sites.ts';
import { readPeople } from './records.ts';

/** People as the API shows them; people unknown or erased are absent. As many statements for one as for all. */
export async function shownPeople(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, Person>> {
  const records = await readPeople(db, keys, people);
  const around = await whatElseOf(db, [...records.keys()]);
  return new Map(
    [...records].map(([id, { mergedInto: _, ...r }]) => {
      const { sites = [], templates = 0, standing = null } = around.get(id) ?? {};
      return [id, { ...r, updatedAt: r.updatedAt.toISOString(), sites, consent: standing ?? 'none', templates }];
    }),
  );
}

/** @throws Problem `person-unknown`, for people erased or merged too */
export async function requireShown(db: Db, keys: Keys, person: string): Promise<Person> {
  const found = (await shownPeople(db, keys, [person])).get(person);
  const row = await find(db, 'person', { id: person }, ['merged_into']);
  if (!found || row?.merged_into) throw new Problem('person-unknown');
  return found;
}

interface Around {
  readonly id: string;
  /** A default site that has no row yet is left out. */
  readonly sites: string[];
  readonly templates: number;
  /** As `standingOf`. */
  readonly standing: Exclude<Standing, 'none'> | null;
}

/** What of a person is in other tables. */
async function whatElseOf(db: Db, people: readonly string[]): Promise<Map<string, Around>> {
  if (people.length === 0) return new Map();
  const { rows } = await sql<Around>`
    select p.id,
           array(select coalesce(d.id, s.site)::text
                 from person_site s left join site d on d.is_default and s.site = ${DEFAULT_SCOPE}::uuid
                 where s.person = p.id and (d.id is not null or s.site <> ${DEFAULT_SCOPE}::uuid)
                 order by s.site) as sites,
           (select count(*)::int from template t where t.person = p.id) as templates,
           (select c.action from consent c where c.person = p.id order by c.at desc, c.action desc limit 1) as standing
    from unnest(${[...people]}::uuid[]) as p (id)`.execute(db);
  return new Map(rows.map((r) => [r.id, r]));
}

/** Who asks; it is about them. */
export function self(actor: Actor, about: (people: string[]) => void): string {
  if (actor.role !== 'person' || actor.id === null) throw new Problem('person-unknown');
  about([actor.id]);
  return actor.id;
}
