import { sql } from 'kysely';
import type { Site } from '../../../protocol/api/sites.ts';
import { LONGEST_STAY_MS } from './rules/stays.ts';

/** Which site a record is of: `id` null where the default one has no row yet. */
export interface SiteId extends Pick<Site, 'isDefault'> {
  readonly id: string | null;
}

/** Records that count, of people: no duplicates, nothing that was taken back or corrected. */
export const countedRecords = sql`checkin c left join checkin_void v on v.target = c.id and v.device = c.device
  where c.person is not null and c.duplicate_of is null and v.target is null and c.superseded_by is null`;

/**
 * Each person's newest record that counts, wherever it was made: `person, direction, at, device, site, method`. Older ones than
 * the longest stay are taken for a forgotten record of going.
 */
export const latestRecords = (now: Date) => sql`
  select distinct on (c.person) c.person, c.resolved as direction, c.at, c.device, c.site, c.method
  from ${countedRecords} and c.at >= ${new Date(now.getTime() - LONGEST_STAY_MS).toISOString()}::timestamptz
  order by c.person, c.at desc, c.id desc`;

/** Such a record says in, and here. */
export const isInside = (site: SiteId) => sql`direction = 'in'
    and (site = ${site.id}::uuid or (site is null and ${site.isDefault}::boolean))`;
