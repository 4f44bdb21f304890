import * as api from '../../../../protocol/api/presence.ts';
import type { Config } from '../../../app/config.ts';
import { namesOf } from '../../../core/people/records.ts';
import { requireShown } from '../../../core/people/shown.ts';
import { pageFrom, readIdCursor } from '../../../platform/access/cursor.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { reportSite } from '../day.ts';
import {
  beginEvacuation,
  countInside,
  endEvacuation,
  markPerson,
  readEvacuation,
  readInside,
  readKnownAsOf,
  readPresenceOf,
  type SiteOf,
} from './evacuation.ts';

const siteIn =
  (tx: Db, config: Pick<Config, 'site'>): SiteOf =>
  (site) =>
    reportSite(tx, site ?? undefined, config.site.timeZone);

/** Endpoints for who is inside, and for the roll call of an evacuation. */
export const presenceRoutes: readonly Route[] = [
  implement(api.getPersonPresence, async ({ tx, services: { keys }, params: { person }, now }) => {
    await requireShown(tx, keys, person);
    return readPresenceOf(tx, person, now);
  }),
  implement(api.listPresence, async ({ tx, services: { keys, config }, query, now, about }) => {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    const found = await readInside(tx, site, now, query.limit + 1, readIdCursor(query.cursor));
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
        (r) => [r.person],
        (r) => ({ ...r, name: names.get(r.person) ?? null }),
      ),
    };
  }),
  implement(api.getEvacuation, async ({ tx, services: { config }, query, about }) => {
    const read = await readEvacuation(tx, await reportSite(tx, query.site, config.site.timeZone));
    about(read.accounted.map((a) => a.person));
    return read;
  }),
  implement(api.startEvacuation, async ({ tx, services: { config }, actor, body, now, on, notify }) => {
    const site = await reportSite(tx, body.site, config.site.timeZone);
    const begun = await beginEvacuation(tx, site, actor.id, now);
    on(begun.id);
    notify('change');
    return begun;
  }),
  mark(api.markSafe, false),
  mark(api.unmarkSafe, true),
  implement(api.endEvacuation, async ({ tx, services: { config }, params, now, notify }) => {
    notify('change');
    return endEvacuation(tx, params.evacuation, siteIn(tx, config), now);
  }),
];

function mark(declared: typeof api.markSafe, missing: boolean): Route {
  return implement(declared, async ({ tx, services: { config }, actor, params, now, notify }) => {
    await markPerson(tx, { ...params, by: actor.id, missing }, siteIn(tx, config), now);
    notify('change');
  });
}
