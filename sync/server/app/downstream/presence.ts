import { sql } from 'kysely';
import { MAX_PRESENCE, type Presence } from '../../../protocol/wire/changes.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import type { Db } from '../../platform/database/schema.ts';

/** How far back a reader who knows nothing yet gets it, ms: a shift over midnight, and some. */
const FIRST_MS = 36 * 3_600_000;
/**
 * Read again each time, ms: a record becomes visible at its commit and carries the time of its arrival, and the clocks of
 * replicas differ a little.
 */
const OVERLAP_MS = 90_000;

/**
 * The last record of each person at a site, by the direction that the server resolved; newest first. Of records that came
 * since `after`; a reader who has never read gets those of the last day and a half.
 *
 * `at` is never later than the record's arrival, so that a kiosk whose clock runs ahead does not make others wait for it.
 *
 * @param after RFC 3339, by this server's clock; null: nothing known yet
 * @param own the asking device: it knows its own records, unless it knows nothing yet
 */
export async function readPresence(
  db: Db,
  scope: string,
  own: string,
  after: string | null,
  now: Date,
): Promise<Presence[]> {
  const since = after === null ? now.getTime() - FIRST_MS : Math.min(Date.parse(after), now.getTime()) - OVERLAP_MS;
  const here =
    scope === DEFAULT_SCOPE
      ? sql`(c.site is null or c.site in (select id from site where is_default))`
      : sql`c.site = ${scope}`;
  const others = after === null ? sql`true` : sql`c.device <> ${own}`;
  const { rows } = await sql<{ person: string; direction: 'in' | 'out'; at: Date }>`
    select person, direction, at from (
      select distinct on (c.person) c.person, c.resolved as direction, least(c.at, c.received_at) as at
      from checkin c left join checkin_void v on v.target = c.id and v.device = c.device
      where c.received_at >= ${new Date(since)} and c.at >= ${new Date(now.getTime() - FIRST_MS)}
        and c.person is not null and c.duplicate_of is null and v.target is null and c.superseded_by is null and ${here} and ${others}
      order by c.person, c.at desc, c.received_at desc) latest
    order by at desc limit ${sql.lit(MAX_PRESENCE)}`.execute(db);
  return rows.map((r) => ({ person: r.person, direction: r.direction, at: new Date(r.at).toISOString() }));
}
