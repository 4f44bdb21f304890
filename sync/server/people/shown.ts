import { sql } from 'kysely';
import type { Person } from '../../protocol/api/people.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Standing } from '../changes/consent.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { sitesByScope } from '../sites/write.ts';
import { readPeople } from './records.ts';

/** People as the API shows them, a statement a table whatever their number; whoever is unknown or was erased is absent. */
export async function shownPeople(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, Person>> {
  const records = await readPeople(db, keys, people);
  const ids = [...records.keys()];
  if (ids.length === 0) return new Map();
  const siteOf = await sitesByScope(db);
  const scopes = await db
    .selectFrom('person_site')
    .select(['person', 'site'])
    .where('person', 'in', ids)
    .orderBy('site')
    .execute();
  const sitesOf = Map.groupBy(scopes, (r) => r.person);
  const templates = new Map(
    (
      await db
        .selectFrom('template')
        .select((e) => ['person', e.fn.countAll<number>().as('count')])
        .where('person', 'in', ids)
        .groupBy('person')
        .execute()
    ).map((r) => [r.person, Number(r.count)]),
  );
  const standings = await standingsOf(db, ids);
  return new Map(
    [...records].map(([id, { mergedInto: _, ...r }]) => [
      id,
      {
        ...r,
        updatedAt: r.updatedAt.toISOString(),
        sites: (sitesOf.get(id) ?? []).flatMap((s) => siteOf.get(s.site) ?? []),
        consent: standings.get(id) ?? 'none',
        templates: templates.get(id) ?? 0,
      },
    ]),
  );
}

export function personUnknown(): Problem {
  return new Problem('person-unknown', 'There is no such person.', 'Look them up again.');
}

/** As `standingOf`, of many at once. */
async function standingsOf(db: Db, people: readonly string[]): Promise<Map<string, Standing>> {
  const { rows } = await sql<{ person: string; action: Standing }>`
    select distinct on (person) person, action from consent where person = any(${[...people]}::uuid[])
    order by person, at desc, action desc`.execute(db);
  return new Map(rows.map((r) => [r.person, r.action]));
}
