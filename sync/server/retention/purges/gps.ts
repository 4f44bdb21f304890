import { sql } from 'kysely';
import { held } from '../holds.ts';
import { deviceCutoffs } from '../periods.ts';
import { type Purge, type PurgeContext, purgeBatch } from '../purge.ts';

const BATCH = 5000;

/** Rows with a position, and until when those of their device go. By the earlier of claim and arrival: a clock that runs ahead keeps nothing. */
async function positions({ db, settings, now }: PurgeContext) {
  const { devices, sites, before } = await deviceCutoffs(db, settings, 'gpsDays', now);
  const at = sql`least(e.at, e.received_at)`;
  const isHeld = held({ person: sql`e.person`, site: sql`k.site`, at: sql`e.at` });
  return {
    from: sql`event e join unnest(${devices}::uuid[], ${sites}::uuid[], ${before}::timestamptz[]) as k (device, site, before)
              on k.device = e.device where e.gps is not null`,
    at,
    due: sql`${at} < k.before`,
    isHeld,
  };
}

/** Positions of check-ins (POLICY P8). */
export const gps: Purge = {
  kind: 'gps',
  async find(context) {
    const { from, at, due, isHeld } = await positions(context);
    const { rows } = await sql<{ due: number; held: number; oldest: Date | null }>`
      select count(*) filter (where ${due} and not ${isHeld})::int as due,
             count(*) filter (where ${due} and ${isHeld})::int as held, min(${at}) as oldest
      from ${from}`.execute(context.db);
    return rows[0]!;
  },
  async batch(context) {
    const { from, due, isHeld } = await positions(context);
    return purgeBatch(context, 'gps', async (tx) => {
      const { rows } = await sql<{ person: string | null }>`
        update event set gps = null where id in (
          select e.id from ${from} and ${due} and not ${isHeld} limit ${BATCH})
        returning person`.execute(tx);
      return { removed: rows.length, people: rows.map((r) => r.person) };
    });
  },
};
