import { Arrivals, KioskStats, StatsQuery } from '../../../../protocol/api/stats.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import { reportSite } from '../day.ts';
import { periodOf, readArrivals, readKiosks } from './read.ts';

const ROLES = ['admin', 'dpo', 'staff', 'auditor'] as const;
const ERRORS = ['unknown-site', 'no-such-day', 'period-too-long'] as const;

const arrivals = route({
  method: 'GET',
  path: '/api/stats/arrivals',
  summary: 'How many came and went, by hour, and by which way; counts alone',
  roles: ROLES,
  data: [],
  action: 'read',
  query: StatsQuery,
  answer: Arrivals,
  errors: ERRORS,
  async handle({ tx, services: { config }, query }) {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    return {
      site: { id: site.id, name: site.name, timeZone: site.timeZone },
      ...(await readArrivals(tx, site, periodOf(site, query))),
    };
  },
});

const kiosks = route({
  method: 'GET',
  path: '/api/stats/kiosks',
  summary: 'What kiosks counted about themselves: match scores, why people did not get in, what waited for the server',
  roles: ROLES,
  data: [],
  action: 'read',
  query: StatsQuery,
  answer: KioskStats,
  errors: ERRORS,
  async handle({ tx, services: { config }, query }) {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    return readKiosks(tx, site, periodOf(site, query));
  },
});

/** Counts for charts. */
export const statsRoutes: readonly RouteSpec[] = [arrivals, kiosks];
