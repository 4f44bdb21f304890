import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/people.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { byId, byText, byTimeOf, countRows, readPage } from '../../platform/access/list.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { defined, idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { DEFAULT_SCOPE, scopeOfSite } from '../sites/sites.ts';
import { livingPeople, requireLiving } from './living.ts';
import type { SortedPlace } from './name-index.ts';
import { type Names, namesFor } from './names.ts';
import { type OpenedPeople, openedFor } from './opened.ts';
import { byStaff, changePerson, findExactly, recordChange, writePerson } from './records.ts';
import { among, openPeople, type Shown, shownPeople, standing, withAround } from './shown.ts';
import { assignToSites } from './sites.ts';

/** How long a search waits for names that are still being decrypted, ms. */
const FIRST_MS = 50;

export const peopleRoutes: readonly Route[] = [
  implement(api.listPeople, {
    // Names are decrypted outside the transaction, and all of them before they are sorted.
    before: (call) => (isByName(call.query.sort) ? sortedNames(call) : Promise.resolve(null)),
    async handle({ tx, services, session, query, prepared: names, about }) {
      const { cursor, limit, sort, total, ...which } = query;
      const { keys } = services;
      const opened = openedFor(services, session);
      const narrow = await narrowed(tx, which);
      const people = peopleIn(tx, narrow);
      if (!isByName(sort)) {
        const page = await readPage(tx, withAround(people), SORTING, { cursor, limit, sort, total });
        const items = [...(await openPeople(tx, keys, page.items, opened)).values()];
        about(idsOf(items));
        return { ...page, items };
      }
      const allowed = narrow !== null ? new Set(idsOf(await people.execute())) : null;
      const after = readPlace(sort, cursor);
      const places = names!.index.sorted({ after, limit: limit + 1, among: allowed, down: sort === '-name' });
      const page = pageFrom(places, limit, ({ rank, id }) => [sort, rank, id]);
      const items = await showLiving(tx, keys, idsOf(page.items), opened);
      about(idsOf(items));
      return { items, next: page.next, total: total && !after ? await countRows(tx, people) : null };
    },
  }),
  implement(api.searchPeople, {
    before: async (call) => {
      const names = namesFor(call);
      const reading = names.state === 'reading';
      const refreshed = names.refresh();
      // If names are still being decrypted, search those that are ready, unless the whole is requested.
      await (reading && !call.body.whole
        ? Promise.race([refreshed, sleep(FIRST_MS, undefined, { ref: false })])
        : refreshed);
      return names;
    },
    async handle({ tx, services, session, body: { q, limit, ...which }, prepared: names, about }) {
      const { state } = names;
      const narrow = await narrowed(tx, which);
      const among = narrow && new Set(idsOf(await peopleIn(tx, narrow).execute()));
      const exact = (await findExactly(tx, services.keys, q)).filter((id) => !among || among.has(id));
      const found = [...new Set([...exact, ...names.index.find(q, limit + 1, among)])];
      const items = await showLiving(tx, services.keys, found.slice(0, limit), openedFor(services, session));
      about(idsOf(items));
      return { items, more: found.length > limit, state };
    },
  }),
  implement(api.getPerson, async ({ tx, services: { keys }, params: { person } }) => {
    return one(tx, keys, person);
  }),
  implement(
    api.createPerson,
    async ({ tx, services: { keys }, actor, body: { sites, ...patch }, now, about, notify }) => {
      const id = v7();
      about([id]);
      const scopes = sites ? await scopesOf(tx, sites) : [DEFAULT_SCOPE];
      const { changed } = await writePerson(tx, keys, { id, patch: defined(patch), expectVersion: 0 }, now);
      await recordChange(tx, id, 'added', changed, byStaff(actor), now);
      await assignToSites(tx, id, scopes, now);
      notify('change');
      return one(tx, keys, id);
    },
  ),
  implement(api.changePerson, async ({ tx, services: { keys }, actor, params: { person }, body, now, on, notify }) => {
    const changed = await changePerson(tx, keys, person, body, byStaff(actor), now);
    if (changed.length > 0) {
      // Which fields, never their values.
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

async function one(db: Db, keys: Keys, person: string): Promise<Shown> {
  const shown = (await shownPeople(db, keys, [person])).get(person);
  if (!shown) throw new Problem('person-unknown');
  return shown;
}

async function scopesOf(db: Db, ids: readonly string[]): Promise<string[]> {
  const scopes = new Set<string>();
  for (const id of ids) scopes.add(await scopeOfSite(db, id));
  return [...scopes];
}

/** Returns those of these people who are not erased, in the order of the ids. */
async function showLiving(db: Db, keys: Keys, ids: readonly string[], opened?: OpenedPeople): Promise<Shown[]> {
  if (ids.length === 0) return [];
  const rows = await withAround(livingPeople(db).where('id', '=', among(ids))).execute();
  const shown = await openPeople(db, keys, rows, opened);
  return ids.flatMap((id) => shown.get(id) ?? []);
}

/** Returns the names of everybody, all of them decrypted. @throws Problem `names-too-many` */
async function sortedNames(call: Parameters<typeof namesFor>[0]): Promise<Names> {
  const names = namesFor(call);
  await names.refresh();
  if (names.state === 'too-many') throw new Problem('names-too-many');
  return names;
}

/** Returns the place after which a list by name continues. A cursor is part of a URL, so it holds no name. */
function readPlace(sort: string, cursor: string | undefined): SortedPlace | null {
  const key = readPageCursor(AfterName, cursor, sort);
  return key && { rank: key[1], id: key[2] };
}

const AfterName = z.tuple([z.string(), z.number().int().nonnegative(), Uuid]);

const isByName = (sort: string): sort is 'name' | '-name' => sort === 'name' || sort === '-name';

const SORTING = {
  by: {
    id: byId('id'),
    updatedAt: byTimeOf('updated_at'),
    // The first of a person's sites by name. No index can hold it, so it is computed for everybody.
    site: byText(sql`(
      select coalesce(min(s.name), '') from person_site p
      join site s on s.id = p.site or s.is_default and p.site = ${DEFAULT_SCOPE}::uuid where p.person = person.id)`),
  },
  id: 'id',
};

type Narrowing = Pick<z.output<typeof api.PeopleQuery>, 'consent' | 'enrolled'>;

/** @returns null: everybody */
async function narrowed(
  db: Db,
  { site, ...which }: Narrowing & { readonly site?: string | undefined },
): Promise<(Narrowing & { readonly scope: string | null }) | null> {
  if (site === undefined && Object.values(which).every((v) => v === undefined)) return null;
  return { ...which, scope: site === undefined ? null : await scopeOfSite(db, site) };
}

function peopleIn(db: Db, narrow: Awaited<ReturnType<typeof narrowed>>) {
  const { scope = null, consent, enrolled } = narrow ?? {};
  let query = livingPeople(db);
  if (scope !== null)
    query = query.where('id', 'in', db.selectFrom('person_site').select('person').where('site', '=', scope));
  if (consent !== undefined) query = query.where(standing, '=', consent);
  if (enrolled !== undefined) {
    const having = sql<boolean>`exists (select from template t where t.person = person.id)`;
    query = query.where(having, '=', enrolled);
  }
  return query;
}
