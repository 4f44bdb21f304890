import { sql } from 'kysely';
import { ofSite, type SiteId } from '../../core/sites/sites.ts';
import { LONGEST_STAY_MS } from './rules/stays.ts';

/** Of records `c` those that count: no duplicates, nothing that was taken back or corrected. */
export const isCounted = sql`c.duplicate_of is null and c.superseded_by is null
  and not exists (select from checkin_void v where v.target = c.id and v.device = c.device)`;

/**
 * Each person's newest record that counts, wherever it was made: `person, direction, at, device, site, method`. Older ones than
 * the longest stay are taken for a forgotten record of going.
 */
export const latestRecords = (now: Date) => sql`
  select distinct on (c.person) c.person, c.resolved as direction, c.at, c.device, c.site, c.method
  from checkin c where c.person is not null and ${isCounted} and c.at >= ${new Date(now.getTime() - LONGEST_STAY_MS).toISOString()}::timestamptz
  order by c.person, c.at desc, c.id desc`;

/** Such a record says in, and here. */
export const isInside = (site: SiteId) => sql`direction = 'in' and ${ofSite(site)}`;
