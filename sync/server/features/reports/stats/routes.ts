import { sql } from 'kysely';
import { Problem } from '../../../../errors/problem.ts';
import * as api from '../../../../protocol/api/stats.ts';
import { calendarOf } from '../../../core/sites/sites.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { dayNamed, type ReportSite, reportSite } from '../day.ts';

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

/** Longest period of a chart, days. */
const MOST_DAYS = 92;
/** Most points of the queue's chart; of more the latest are given. */
const MOST_POINTS = 5000;

interface Period {
  readonly start: Date;
  readonly end: Date;
}

/**
 * From the beginning of one day to the end of another, by the site's calendar.
 *
 * @throws Problem `period-too-long`, `no-such-day`
 */
function periodOf(site: ReportSite, { from, to }: { readonly from: string; readonly to: string }): Period {
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  if (days < 1 || days > MOST_DAYS) throw new Problem('period-too-long', { max: MOST_DAYS });
  const dayOf = calendarOf(site);
  return { start: new Date(dayNamed(dayOf, from).start), end: new Date(dayNamed(dayOf, to).end) };
}

const here = (site: ReportSite, column: string) =>
  sql`(${sql.ref(column)} = ${site.id}::uuid or (${sql.ref(column)} is null and ${site.isDefault}::boolean))`;

/** Records that count, by hour and by method. */
async function readArrivals(
  db: Db,
  site: ReportSite,
  { start, end }: Period,
): Promise<Pick<api.Arrivals, 'hours' | 'methods'>> {
  const counted = sql`from checkin c left join checkin_void v on v.target = c.id and v.device = c.device
    where c.at >= ${start.toISOString()}::timestamptz and c.at < ${end.toISOString()}::timestamptz
      and c.duplicate_of is null and c.superseded_by is null and v.target is null and ${here(site, 'c.site')}`;
  const { rows: hours } = await sql<{ at: Date; came: number; went: number }>`
    select date_trunc('hour', c.at, ${site.timeZone}) as at, count(*) filter (where c.resolved = 'in')::int as came,
           count(*) filter (where c.resolved = 'out')::int as went
    ${counted} group by 1 order by 1`.execute(db);
  const { rows: methods } = await sql<{ method: string; count: number }>`
    select c.method, count(*)::int as count ${counted} group by 1 order by 2 desc`.execute(db);
  return {
    hours: hours.map((h) => ({ at: new Date(h.at).toISOString(), in: h.came, out: h.went })),
    methods: Object.fromEntries(methods.map((m) => [m.method, m.count])),
  };
}

/** What kiosks counted about themselves. */
async function readKiosks(db: Db, site: ReportSite, { start, end }: Period): Promise<api.KioskStats> {
  const of = sql`from kiosk_statistics f where f.until >= ${start.toISOString()}::timestamptz
    and f.until < ${end.toISOString()}::timestamptz and ${here(site, 'f.site')}`;
  const { rows: sums } = await sql<{ name: string; count: number }>`
    select e.key as name, sum(e.value::text::int)::int as count
    from (select f.counts ${of}) f, jsonb_each(f.counts) e
    where e.key <> 'queue' group by 1 order by 2 desc, 1`.execute(db);
  const { rows: queue } = await sql<{ kiosk: string; at: Date; depth: number }>`
    select f.device as kiosk, f.until as at, coalesce((f.counts->>'queue')::int, 0) as depth
    ${of} order by f.until desc limit ${sql.lit(MOST_POINTS)}`.execute(db);
  const { rows: kiosks } = await sql<{ id: string; name: string }>`
    select d.id, d.name from device d where d.id in (select f.device ${of}) order by d.name, d.id`.execute(db);
  const score = (name: string) => Number(name.slice('score.'.length)) / 100;
  return {
    kiosks,
    scores: sums
      .filter((s) => /^score\.\d+$/.test(s.name))
      .map((s) => ({ from: score(s.name), count: s.count }))
      .sort((a, b) => a.from - b.from),
    failures: sums.filter((s) => !/^(score|method)\./.test(s.name)).map((s) => ({ reason: s.name, count: s.count })),
    queue: queue.map((q) => ({ kiosk: q.kiosk, at: new Date(q.at).toISOString(), depth: q.depth })).reverse(),
  };
}
