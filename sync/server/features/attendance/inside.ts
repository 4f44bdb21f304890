import { sql } from 'kysely';
import { ofSite, type SiteId } from '../../core/sites/sites.ts';
import { LONGEST_STAY_MS } from './rules/stays.ts';

/** Condition for records `c` that count: not duplicates, voided or corrected. */
export const isCounted = sql`c.duplicate_of is null and c.superseded_by is null
  and not exists (select from checkin_void v where v.target = c.id and v.device = c.device)`;

/**
 * Selects each person's newest record that counts, at any site: `person, direction, at, device, site, method`. Records older
 * than the longest stay are left out: the departure was probably not recorded.
 */
export const latestRecords = (now: Date) => sql`
  select distinct on (c.person) c.person, c.resolved as direction, c.at, c.device, c.site, c.method
  from checkin c where c.person is not null and ${isCounted} and c.at >= ${new Date(now.getTime() - LONGEST_STAY_MS).toISOString()}::timestamptz
  order by c.person, c.at desc, c.id desc`;

/** Condition on `latestRecords` for people who are inside this site. */
export const isInside = (site: SiteId) => sql`direction = 'in' and ${ofSite(site)}`;
