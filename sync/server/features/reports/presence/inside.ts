import { sql } from 'kysely';
import { NIL } from 'uuid';
import type { Inside, KnownAsOf } from '../../../../protocol/api/presence.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { LONGEST_STAY_MS } from '../../attendance/rules/stays.ts';
import type { ReportSite } from '../day.ts';

/** Which site, as far as people inside are concerned. */
export type SiteId = Pick<ReportSite, 'id' | 'isDefault'>;

/** A person inside, without their name. */
export type InsideRow = Omit<Inside, 'name'>;

/**
 * Who is inside a site: whose newest record that counts, wherever it was made, says in, and here. Older ones than the longest
 * stay are taken for a forgotten record of going.
 *
 * @param after people behind this one
 */
export async function readInside(
  db: Db,
  site: SiteId,
  now: Date,
  limit: number,
  after: string | null,
): Promise<InsideRow[]> {
  const { rows } = await sql<{ person: string; at: Date; device: string; method: string }>`
    select person, at, device, method from (${latest(now)}) latest
    where ${isInside(site)} and (${after}::uuid is null or person > ${after}::uuid)
    order by person limit ${limit}`.execute(db);
  return rows.map((r) => ({
    person: r.person,
    since: new Date(r.at).toISOString(),
    device: r.device === NIL ? null : r.device,
    method: r.method as Inside['method'],
  }));
}

/** How many are inside, and how many of them an evacuation has accounted for. */
export async function countInside(
  db: Db,
  site: SiteId,
  now: Date,
  evacuation: string | null = null,
): Promise<{ inside: number; accounted: number }> {
  const { rows } = await sql<{ inside: number; accounted: number }>`
    select count(*)::int as inside, count(m.person)::int as accounted
    from (${latest(now)}) latest
      left join evacuation_mark m on m.evacuation = ${evacuation}::uuid and m.person = latest.person and not m.missing
    where ${isInside(site)}`.execute(db);
  return rows[0]!;
}

const isInside = (site: SiteId) => sql`direction = 'in'
    and (site = ${site.id}::uuid or (site is null and ${site.isDefault}::boolean))`;

const latest = (now: Date) => sql`
  select distinct on (c.person) c.person, c.resolved as direction, c.at, c.device, c.site, c.method
  from checkin c left join checkin_void v on v.target = c.id and v.device = c.device
  where c.person is not null and c.duplicate_of is null and v.target is null and c.superseded_by is null
    and c.at >= ${new Date(now.getTime() - LONGEST_STAY_MS).toISOString()}::timestamptz
  order by c.person, c.at desc, c.id desc`;

/** Until when each kiosk of the site is known, the longest silent first. */
export async function readKnownAsOf(db: Db, site: SiteId): Promise<KnownAsOf[]> {
  const { rows } = await sql<{ id: string; name: string; last_heard_at: Date | null }>`
    select id, name, last_heard_at from device
    where status = 'approved' and (site = ${site.id}::uuid or (site is null and ${site.isDefault}::boolean))
    order by last_heard_at nulls first, name, id`.execute(db);
  return rows.map((d) => ({
    id: d.id,
    name: d.name,
    knownAsOf: d.last_heard_at && new Date(d.last_heard_at).toISOString(),
  }));
}
