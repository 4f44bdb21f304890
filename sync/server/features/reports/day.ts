import { sql } from 'kysely';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { MOST_COUNTED } from '../../../protocol/api/page.ts';
import type { DayReport, DayRow } from '../../../protocol/api/reports.ts';
import type { Site } from '../../../protocol/api/sites.ts';
import type { AttendanceDay, DayOf } from '../../../protocol/wire/calendar.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { calendarOf, listSites } from '../../core/sites/sites.ts';
import { readPageCursor, writePageCursor } from '../../platform/access/cursor.ts';
import type { Asked, Page } from '../../platform/access/list.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Direction } from '../attendance/rules/resolve.ts';
import { LONGEST_STAY_MS, pairStays } from '../attendance/rules/stays.ts';

const DAY_MS = 86_400_000;

/** The site that a report is about. */
export type ReportSite = Omit<Site, 'id'> & { readonly id: string | null };

/**
 * @param id absent: the default site
 * @throws Problem `unknown-site`
 */
export async function reportSite(db: Db, id: string | undefined, timeZone: string): Promise<ReportSite> {
  const sites = await listSites(db);
  const site = sites.find((s) => (id === undefined ? s.isDefault : s.id === id));
  if (site) return site;
  if (id !== undefined) throw new Problem('unknown-site');
  return { id: null, name: '', timeZone, dayStartsAt: '00:00', repeatSeconds: 60, isDefault: true, change: null };
}

/**
 * The attendance day of that date. Pure.
 *
 * @param date `YYYY-MM-DD` on the wall of the site
 * @throws Problem `no-such-day`: this site's calendar left the date out
 */
export function dayNamed(dayOf: DayOf, date: string): AttendanceDay {
  const noon = Date.parse(`${date}T12:00:00Z`);
  for (const days of [0, -1, 1, -2, 2]) {
    const found = dayOf(noon + days * DAY_MS);
    if (found.day === date) return found;
  }
  throw new Problem('no-such-day');
}

/** A person's day, without their name. */
export type DayOfPerson = Omit<DayRow, 'name'>;

interface Counted {
  readonly id: string;
  readonly at: number;
  readonly direction: Direction;
}

/**
 * A person's stays that belong to a day, from all of their records around it. Pure.
 *
 * @returns null when none does: a night that ends on this day belongs to the one before
 */
export function dayOfPerson(
  person: string,
  records: readonly Counted[],
  day: string,
  dayOf: DayOf,
): DayOfPerson | null {
  const stays = pairStays(records, dayOf).filter((s) => s.day === day);
  if (stays.length === 0) return null;
  const text = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const starts = stays.flatMap((s) => s.start ?? []);
  const ends = stays.flatMap((s) => s.end ?? []);
  const whole = (ms: number) => Math.floor(ms / 60_000);
  const lasted = (s: { start: number | null; end: number | null }) =>
    s.start === null || s.end === null ? null : s.end - s.start;
  const closed = stays.flatMap((s) => lasted(s) ?? []);
  return {
    person,
    firstIn: text(starts.length > 0 ? Math.min(...starts) : null),
    lastOut: text(ends.length > 0 ? Math.max(...ends) : null),
    stays: stays.map((s) => {
      const ms = lasted(s);
      return { start: text(s.start), end: text(s.end), minutes: ms === null ? null : whole(ms) };
    }),
    // Cut to minutes once: thirty short stays are as long together as one of the same time.
    minutes: whole(closed.reduce((sum, ms) => sum + ms, 0)),
    open: stays.length - closed.length,
  };
}

/**
 * A page of a day, by person id. Only records that count are looked at: no duplicates, nothing that was taken back or
 * corrected.
 *
 * @param limit null: everybody of the day
 * @param after people behind this one
 * @returns `last`: the last person who was looked at, where there may be more; some of them may have no stay of this day
 */
export async function readDay(
  db: Db,
  site: ReportSite,
  { start, end, day }: AttendanceDay,
  limit: number | null,
  after: string | null,
): Promise<{ rows: DayOfPerson[]; last: string | null }> {
  const dayOf = calendarOf(site);
  const counted = sql`c.duplicate_of is null and c.superseded_by is null
    and not exists (select from checkin_void v where v.target = c.id and v.device = c.device)
    and (c.site = ${site.id}::uuid or (c.site is null and ${site.isDefault}::boolean))`;
  const text = (ms: number) => new Date(ms).toISOString();
  const { rows: people } = await sql<{ person: string }>`
    select distinct c.person from checkin c
    where c.at >= ${text(start)}::timestamptz and c.at < ${text(end)}::timestamptz
      and c.person is not null and (${after}::uuid is null or c.person > ${after}::uuid) and ${counted}
    order by c.person limit ${limit}::int`.execute(db);
  const ids = people.map((r) => r.person);
  if (ids.length === 0) return { rows: [], last: null };
  const { rows } = await sql<{ id: string; at: Date; direction: Direction; person: string }>`
    select c.id, c.at, c.resolved as direction, c.person from checkin c
    where c.person = any(${ids}::uuid[]) and c.at >= ${text(start - LONGEST_STAY_MS)}::timestamptz
      and c.at < ${text(end + LONGEST_STAY_MS)}::timestamptz and ${counted}`.execute(db);
  const of = Map.groupBy(rows, (r) => r.person);
  return {
    rows: ids.flatMap((person) => {
      const records = of.get(person)!.map((r) => ({ id: r.id, at: r.at.getTime(), direction: r.direction }));
      return dayOfPerson(person, records, day, dayOf) ?? [];
    }),
    last: ids.length === limit ? ids.at(-1)! : null,
  };
}

type Sums = DayReport['sums'];

/**
 * A page of a day as the report has it. By person it reads no more than the page; in another order, or with a total, the whole
 * day is worked out: its stays are made of records, so no index has them.
 *
 * @throws Problem `cursor-unreadable`, also for a cursor of another order
 */
export async function dayPage(
  db: Db,
  site: ReportSite,
  day: AttendanceDay,
  { sort, cursor, limit, total }: Asked<'person' | 'firstIn' | 'lastOut' | 'minutes' | 'open'>,
): Promise<Page<DayOfPerson> & { readonly sums: Sums }> {
  const from = readPageCursor(z.tuple([z.literal(sort), z.union([z.string(), z.number()]), Uuid]), cursor);
  const counted = total && !from;
  if (sort === 'person' && !counted) {
    const { rows, last } = await readDay(db, site, day, limit, from?.[2] ?? null);
    return { items: rows, next: last && writePageCursor([sort, last, last]), total: null, sums: null };
  }
  const down = sort.startsWith('-');
  const key = (down ? sort.slice(1) : sort) as 'person' | 'firstIn' | 'lastOut' | 'minutes' | 'open';
  const whole = (await readDay(db, site, day, null, null)).rows;
  // Who has no such time comes as if before all of the day.
  const placed = whole.map((row) => ({ row, place: [row[key] ?? '', row.person] as const }));
  placed.sort((a, b) => (down ? -1 : 1) * comparePlaces(a.place, b.place));
  const behind = from ? placed.filter((p) => (down ? -1 : 1) * comparePlaces(p.place, [from[1], from[2]]) > 0) : placed;
  const page = behind.slice(0, limit);
  const last = behind.length > limit ? page.at(-1) : undefined;
  const sum = (of: 'minutes' | 'open') => whole.reduce((n, row) => n + row[of], 0);
  return {
    items: page.map((p) => p.row),
    next: last ? writePageCursor([sort, ...last.place]) : null,
    total: counted ? Math.min(whole.length, MOST_COUNTED + 1) : null,
    sums: counted ? { minutes: sum('minutes'), open: sum('open') } : null,
  };
}

type DayPlace = readonly [value: string | number, person: string];
const comparePlaces = (a: DayPlace, b: DayPlace): number => compare(a[0], b[0]) || compare(a[1], b[1]);
const compare = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
