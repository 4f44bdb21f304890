import { sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/people.ts';
import { byId, byText, byTimeOf, readPage } from '../../platform/access/list.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { defined, idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { DEFAULT_SCOPE, scopeOfSite } from '../sites/sites.ts';
import { livingPeople, requireLiving } from './living.ts';
import { changePerson, findPeople, writePerson } from './records.ts';
import { shownPeople } from './shown.ts';
import { assignToSites } from './sites.ts';

export const peopleRoutes: readonly Route[] = [
  implement(
    api.listPeople,
    async ({ tx, services: { keys }, query: { cursor, limit, sort, total, site, ...what }, about }) => {
      const scope = site === undefined ? null : await scopeOfSite(tx, site);
      const sought = Object.values(what).some((v) => v !== undefined);
      const among = sought ? await findPeople(tx, keys, defined(what)) : null;
      const page = await readPage(tx, peopleIn(tx, scope, among), SORTING, { cursor, limit, sort, total });
      const shown = await shownPeople(tx, keys, idsOf(page.items));
      about(shown.keys());
      return { ...page, items: page.items.flatMap(({ id }) => shown.get(id) ?? []) };
    },
  ),
  implement(api.getPerson, async ({ tx, services: { keys }, params: { person } }) => {
    return one(tx, keys, person);
  }),
  implement(api.createPerson, async ({ tx, services: { keys }, body: { sites, ...patch }, now, about, notify }) => {
    const id = v7();
    about([id]);
    const scopes = sites ? await scopesOf(tx, sites) : [DEFAULT_SCOPE];
    await writePerson(tx, keys, { id, patch: defined(patch), expectVersion: 0 }, now);
    await assignToSites(tx, id, scopes, now);
    notify('change');
    return one(tx, keys, id);
  }),
  implement(api.changePerson, async ({ tx, services: { keys }, params: { person }, body, now, on, notify }) => {
    const changed = await changePerson(tx, keys, person, body, now);
    if (changed.length > 0) {
      // Which fields, never what stood in them.
      on(changed.join(','));
      notify('board', 'change');
    }
    return one(tx, keys, person);
  }),
  implement(api.setPersonSites, async ({ tx, services: { keys }, params: { person }, body, now, notify }) => {
    await requireLiving(tx, person, 'change');
    await assignToSites(tx, person, await scopesOf(tx, body.sites), now);
    notify('change');
    return one(tx, keys, person);
  }),
];

async function one(db: Db, keys: Keys, person: string): Promise<api.Person> {
  const shown = (await shownPeople(db, keys, [person])).get(person);
  if (!shown) throw new Problem('person-unknown');
  return shown;
}

async function scopesOf(db: Db, ids: readonly string[]): Promise<string[]> {
  const scopes = new Set<string>();
  for (const id of ids) scopes.add(await scopeOfSite(db, id));
  return [...scopes];
}

const SORTING = {
  by: {
    id: byId('id'),
    updatedAt: byTimeOf('updated_at'),
    // Of several sites the first by name. No index can have it: it is worked out for all of them.
    site: byText(sql`(
      select coalesce(min(s.name), '') from person_site p
      join site s on s.id = p.site or s.is_default and p.site = ${DEFAULT_SCOPE}::uuid where p.person = person.id)`),
  },
  id: 'id',
};

/** @param among of these alone; null: of all */
function peopleIn(db: Db, scope: string | null, among: readonly string[] | null) {
  let query = livingPeople(db);
  if (among !== null) query = query.where('id', '=', sql<string>`any(${among}::uuid[])`);
  if (scope !== null)
    query = query.where('id', 'in', db.selectFrom('person_site').select('person').where('site', '=', scope));
  return query;
}
