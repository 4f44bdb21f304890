import { sql } from 'kysely';
import * as api from '../../../../protocol/api/stats.ts';
import type { AttendanceDay } from '../../../../protocol/wire/calendar.ts';
import { ofSite } from '../../../core/sites/sites.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { isCounted } from '../../attendance/inside.ts';
import { daysBetween, MAX_CHART_DAYS, type ReportSite, readDays, reportSite } from '../day.ts';

export const statsRoutes: readonly Route[] = [
  implement(api.getArrivals, async ({ tx, services: { config }, query, now }) => {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    const days = daysBetween(site, query.from, query.to, MAX_CHART_DAYS);
    return {
      site: { id: site.id, name: site.name, timeZone: site.timeZone },
      ...(await readArrivals(tx, site, periodOf(days))),
      inside: await readInside(tx, site, days, now),
    };
  }),
  implement(api.getKioskStats, async ({ tx, services: { config }, query }) => {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    return readKiosks(tx, site, periodOf(daysBetween(site, query.from, query.to, MAX_CHART_DAYS)));
  }),
];

const HOUR_MS = 3_600_000;
/** Most points in the queue's chart. If there are more, only the latest are returned. */
const MOST_POINTS = 5000;

interface Period {
  readonly start: Date;
  readonly end: Date;
}

const periodOf = (days: readonly AttendanceDay[]): Period => ({
  start: new Date(days[0]!.start),
  end: new Date(days.at(-1)!.end),
});

/** Returns the mean number of people inside by hour. A stay without an end lasts until now, or is ignored after its day. */
async function readInside(
  db: Db,
  site: ReportSite,
  days: readonly AttendanceDay[],
  now: Date,
): Promise<api.Arrivals['inside']> {
  const past = pastHour(days[0]!.start, site.timeZone);
  const fullHour = (from: number) => Math.ceil((from - past) / HOUR_MS) * HOUR_MS + past;
  /** People inside at each full hour of local time, by ms since 1970. */
  const inside = new Map<number, number>();
  const busy = new Map<string, AttendanceDay>();
  for await (const found of readDays(db, { site, days, work: null, now }))
    for (const { day, stays } of found) {
      busy.set(day.day, day);
      for (const { start, end } of stays) {
        const until = end ?? (day.end > now.getTime() ? now.getTime() : start);
        if (start === null || until === null) continue;
        for (let at = fullHour(start); at < until; at += HOUR_MS) inside.set(at, (inside.get(at) ?? 0) + 1);
      }
    }
  const hours = Array.from({ length: 24 }, () => ({ people: 0, times: 0 }));
  const hourOf = new Intl.DateTimeFormat('en-US', { timeZone: site.timeZone, hour: 'numeric', hourCycle: 'h23' });
  for (const day of busy.values())
    for (let at = fullHour(day.start); at < Math.min(day.end, now.getTime()); at += HOUR_MS) {
      const hour = hours[Number(hourOf.format(at))]!;
      hour.people += inside.get(at) ?? 0;
      hour.times += 1;
    }
  return hours.map(({ people, times }, hour) => ({ hour, people: times === 0 ? 0 : people / times }));
}

/** Returns how long after a full hour in UTC a full hour of local time begins, ms. Half an hour in India. */
function pastHour(at: number, timeZone: string): number {
  const minute = Number(new Intl.DateTimeFormat('en-US', { timeZone, minute: 'numeric' }).format(at));
  return ((new Date(at).getUTCMinutes() - minute + 60) % 60) * 60_000;
}

async function readArrivals(
  db: Db,
  site: ReportSite,
  { start, end }: Period,
): Promise<Pick<api.Arrivals, 'hours' | 'methods'>> {
  const counted = sql`from checkin c where c.at >= ${start.toISOString()}::timestamptz
    and c.at < ${end.toISOString()}::timestamptz and ${isCounted} and ${ofSite(site, 'c.site')}`;
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

/** Names of counts that say why someone did not get in, or not at once. */
const FAILURE = /^(guide|challenge|other-method|refused)\./;

async function readKiosks(db: Db, site: ReportSite, { start, end }: Period): Promise<api.KioskStats> {
  const of = sql`from kiosk_statistics f where f.until >= ${start.toISOString()}::timestamptz
    and f.until < ${end.toISOString()}::timestamptz and ${ofSite(site, 'f.site')}`;
  const { rows: counts } = await sql<{ kiosk: string; name: string; count: number }>`
    select f.device as kiosk, e.key as name, sum(e.value::text::int)::int as count
    from (select f.device, f.counts ${of}) f, jsonb_each(f.counts) e
    where e.key <> 'queue' group by 1, 2 order by 3 desc, 2`.execute(db);
  const { rows: queue } = await sql<{ kiosk: string; at: Date; depth: number }>`
    select f.device as kiosk, f.until as at, coalesce((f.counts->>'queue')::int, 0) as depth
    ${of} order by f.until desc limit ${sql.lit(MOST_POINTS)}`.execute(db);
  const { rows: kiosks } = await sql<{ id: string; name: string }>`
    select d.id, d.name from device d where d.id in (select f.device ${of}) order by d.name, d.id`.execute(db);
  return {
    kiosks: kiosks.map((kiosk) => {
      const own = counts.filter((c) => c.kiosk === kiosk.id);
      const scores = binsOf(own, 'score');
      const faces = sum(scores.map(([, n]) => n));
      const failures = sum(own.filter((c) => FAILURE.test(c.name)).map((c) => c.count));
      const score = faces === 0 ? null : sum(scores.map(([bin, n]) => (bin / 100 + 0.025) * n)) / faces;
      return { ...kiosk, faces, failures, score, waitSeconds: median(binsOf(own, 'wait')) };
    }),
    scores: binsOf(counts, 'score').map(([bin, count]) => ({ from: bin / 100, count })),
    waits: binsOf(counts, 'wait').map(([seconds, count]) => ({ seconds, count })),
    failures: [...Map.groupBy(counts, (c) => c.name)]
      .filter(([name]) => FAILURE.test(name))
      .map(([reason, all]) => ({ reason, count: sum(all.map((c) => c.count)) }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    queue: queue.map((q) => ({ kiosk: q.kiosk, at: new Date(q.at).toISOString(), depth: q.depth })).reverse(),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Sums the counts of one kind by bin: `score.75` is bin 75. Sorted by bin. */
function binsOf(
  counts: readonly { name: string; count: number }[],
  kind: 'score' | 'wait',
): [bin: number, n: number][] {
  const found = counts.filter((c) => new RegExp(`^${kind}\\.\\d+$`).test(c.name));
  return [...Map.groupBy(found, (c) => Number(c.name.slice(kind.length + 1)))]
    .map(([bin, all]): [number, number] => [bin, sum(all.map((c) => c.count))])
    .sort(([a], [b]) => a - b);
}

/** Returns the bin with the median. Null if there are no counts. */
function median(bins: readonly [bin: number, n: number][]): number | null {
  const half = sum(bins.map(([, n]) => n)) / 2;
  let counted = 0;
  for (const [bin, n] of bins) {
    counted += n;
    if (counted >= half) return bin;
  }
  return null;
}
