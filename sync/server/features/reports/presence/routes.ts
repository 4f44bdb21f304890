import { z } from 'zod';
import {
  Evacuation,
  EvacuationQuery,
  EvacuationState,
  NewEvacuation,
  PresencePage,
  PresenceQuery,
} from '../../../../protocol/api/presence.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import type { Config } from '../../../app/config.ts';
import { namesOf } from '../../../core/people/records.ts';
import { pageFrom, readPageCursor } from '../../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { reportSite } from '../day.ts';
import { account, beginEvacuation, endEvacuation, readEvacuation, type SiteOf, unaccount } from './evacuation.ts';
import { countInside, readInside, readKnownAsOf } from './inside.ts';

const After = z.tuple([Uuid]);
const One = z.strictObject({ evacuation: Uuid });
const PersonParams = z.strictObject({ evacuation: Uuid, person: Uuid });

const siteIn =
  (tx: Db, config: Pick<Config, 'site'>): SiteOf =>
  (site) =>
    reportSite(tx, site ?? undefined, config.site.timeZone);

const presence = route({
  method: 'GET',
  path: '/api/presence',
  summary: 'Who is inside a site now, since when and by which kiosk, and until when each of its kiosks is known',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name'],
  action: 'read',
  query: PresenceQuery,
  answer: PresencePage,
  errors: ['unknown-site', 'cursor-unreadable'],
  async handle({ tx, services: { keys, config }, query, now, about }) {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    const after = readPageCursor(After, query.cursor)?.[0] ?? null;
    const found = await readInside(tx, site, now, query.limit + 1, after);
    const shown = found.slice(0, query.limit).map((r) => r.person);
    about(shown);
    const names = await namesOf(tx, keys, shown);
    const { inside } = await countInside(tx, site, now);
    return {
      site: { id: site.id, name: site.name, timeZone: site.timeZone },
      now: now.toISOString(),
      kiosks: await readKnownAsOf(tx, site),
      inside,
      ...pageFrom(
        found,
        query.limit,
        (r) => ({ ...r, name: names.get(r.person) ?? null }),
        (r) => [r.person],
      ),
    };
  },
});

const state = route({
  method: 'GET',
  path: '/api/evacuation',
  summary: 'The evacuation of a site that goes on, with the people accounted for, and the last that ended',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance'],
  action: 'read',
  query: EvacuationQuery,
  answer: EvacuationState,
  errors: ['unknown-site'],
  async handle({ tx, services: { config }, query, about }) {
    const read = await readEvacuation(tx, await reportSite(tx, query.site, config.site.timeZone));
    about(read.accounted.map((a) => a.person));
    return read;
  },
});

const begin = route({
  method: 'POST',
  path: '/api/evacuations',
  summary: 'Begin the roll call of an evacuation; where one goes on at the site, that one',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  body: NewEvacuation,
  answer: Evacuation,
  errors: ['unknown-site'],
  async handle({ tx, services: { config }, actor, body, now, on, notify }) {
    const site = await reportSite(tx, body.site, config.site.timeZone);
    const begun = await beginEvacuation(tx, site, actor.id, now);
    on(begun.id);
    notify('change');
    return begun;
  },
});

const mark = route({
  method: 'PUT',
  path: '/api/evacuations/:evacuation/people/:person',
  summary: 'A person was seen outside',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  params: PersonParams,
  answer: 'nothing',
  errors: ['evacuation-over', 'person-unknown'],
  async handle({ tx, services: { config }, actor, params, now, about, on, notify }) {
    on(params.evacuation);
    about([params.person]);
    await account(tx, params, actor.id, siteIn(tx, config), now);
    notify('change');
  },
});

const unmark = route({
  method: 'DELETE',
  path: '/api/evacuations/:evacuation/people/:person',
  summary: 'A person was marked by mistake',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  params: PersonParams,
  answer: 'nothing',
  errors: ['evacuation-over', 'person-unknown'],
  async handle({ tx, services: { config }, actor, params, now, about, on, notify }) {
    on(params.evacuation);
    about([params.person]);
    await unaccount(tx, params, actor.id, siteIn(tx, config), now);
    notify('change');
  },
});

const end = route({
  method: 'POST',
  path: '/api/evacuations/:evacuation/end',
  summary: 'End it: who it accounted for is forgotten, how many stays',
  roles: ['admin', 'staff'],
  data: ['attendance'],
  action: 'write',
  params: One,
  answer: Evacuation,
  errors: ['evacuation-over'],
  async handle({ tx, services: { config }, params, now, on, notify }) {
    on(params.evacuation);
    notify('change');
    return endEvacuation(tx, params.evacuation, siteIn(tx, config), now);
  },
});

/** Who is inside, and the roll call of an evacuation. */
export const presenceRoutes: readonly RouteSpec[] = [presence, state, begin, mark, unmark, end];
