import * as api from '../../../../protocol/api/stats.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import { reportSite } from '../day.ts';
import { periodOf, readArrivals, readKiosks } from './read.ts';

/** Counts for charts. */
export const statsRoutes: readonly Route[] = [
  implement(api.getArrivals, async ({ tx, services: { config }, query }) => {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    return {
      site: { id: site.id, name: site.name, timeZone: site.timeZone },
      ...(await readArrivals(tx, site, periodOf(site, query))),
    };
  }),
  implement(api.getKioskStats, async ({ tx, services: { config }, query }) => {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    return readKiosks(tx, site, periodOf(site, query));
  }),
];
