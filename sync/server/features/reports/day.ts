import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import type { Site } from '../../../protocol/api/sites.ts';
import type { AttendanceDay, DayOf } from '../../../protocol/wire/calendar.ts';
import { calendarOf, listSites, ofSite } from '../../core/sites/sites.ts';
import type { Db } from '../../platform/database/schema.ts';
import { isCounted } from '../attendance/inside.ts';
import type { Direction } from '../attendance/rules/resolve.ts';
import { LONGEST_STAY_MS, pairStays, type Stay } from '../attendance/rules/stays.ts';

const DAY_MS = 86_400_000;

/** The site that a report is about. */
export type ReportSite = Omit<Site, 'id'> & { readonly id: string | null };

/**
 * Returns the site of a report.
 *
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
 * Returns the attendance day of a date. Pure.
 *
 * @param date `YYYY-MM-DD` in the site's local time
 * @throws Problem `no-such-day`: this site's calendar skipped the date
 */
export function dayNamed(dayOf: DayOf, date: string): AttendanceDay {
  const noon = Date.parse(`${date}T12:00:00Z`);
  for (const days of [0, -1, 1, -2, 2]) {
    const found = dayOf(noon + days * DAY_MS);
    if (found.day === date) return found;
  }
  throw new Problem('no-such-day');
}

/** Longest period of a report, days: any year, leap years included. */
const MAX_DAYS = 366;
/** Longest period of charts, days. Shorter, since they hold everything they read in memory. */
export const MAX_CHART_DAYS = 92;

/**
 * Lists the days of the site's calendar, both ends included.
 *
 * @param max most days
 * @throws Problem `no-such-day`, `period-too-long` (also if it ends before it begins)
 */
export function daysBetween(site: ReportSite, from: string, to: string, max = MAX_DAYS): AttendanceDay[] {
  const dayOf = calendarOf(site);
  const last = dayNamed(dayOf, to);
  const days: AttendanceDay[] = [];
  for (let day = dayNamed(dayOf, from); day.start <= last.start; day = dayOf(day.end)) {
    days.push(day);
    if (days.length > max) throw new Problem('period-too-long', { max });
  }
  if (days.length === 0) throw new Problem('period-too-long', { max });
  return days;
}

/** A person's day at a site, without their name. Times in ms since 1970. Null: not recorded. */
export interface DayOfPerson {
  readonly person: string;
  readonly day: AttendanceDay;
  readonly firstIn: number | null;
  readonly lastOut: number | null;
  readonly stays: readonly Omit<Stay, 'day'>[];
  /** Sum of all complete stays, whole minutes. */
  readonly minutes: number;
  /** Minutes after the start of work. Null if in time or not known. */
  readonly lateMinutes: number | null;
  /** Number of stays without a check-out. 0 while the day is not over. */
  readonly missing: number;
}

interface Counted {
  readonly id: string;
  readonly at: number;
  readonly direction: Direction;
}

export interface WorkStart {
  /** Day function of a calendar whose days begin at the start of work. */
  readonly dayOf: DayOf;
  readonly graceMinutes: number;
}

const MINUTE_MS = 60_000;
/** Returns a duration in ms as whole minutes. */
export const minutesOf = (ms: number): number => Math.floor(ms / MINUTE_MS);

/**
 * Returns how late someone arrived on a day, in whole minutes after the start of work. Pure. The start is a local time within
 * the attendance day. If a clock change skips that time, the start is the moment of the change; if it occurs twice, the first.
 *
 * @returns null if in time or within the grace, or there is no start of work
 */
export function lateBy(firstIn: number | null, day: AttendanceDay, work: WorkStart | null): number | null {
  if (firstIn === null || work === null) return null;
  const { start } = work.dayOf(day.end - 1);
  return firstIn > start + work.graceMinutes * MINUTE_MS ? minutesOf(firstIn - start) : null;
}

/**
 * Computes a person's days from all of their records around them. Pure. A stay overnight belongs to the day on which it began.
 *
 * @param days the days to return, by date
 */
export function daysOfPerson(
  person: string,
  records: readonly Counted[],
  days: ReadonlyMap<string, AttendanceDay>,
  { dayOf, work, now }: { readonly dayOf: DayOf; readonly work: WorkStart | null; readonly now: number },
): DayOfPerson[] {
  const found = Map.groupBy(pairStays(records, dayOf), ({ day }) => day);
  return [...found].flatMap(([date, stays]) => {
    const day = days.get(date);
    if (!day) return [];
    const starts = stays.flatMap((s) => s.start ?? []);
    const ends = stays.flatMap((s) => s.end ?? []);
    const closed = stays.flatMap((s) => (s.start === null || s.end === null ? [] : s.end - s.start));
    const firstIn = starts.length > 0 ? Math.min(...starts) : null;
    return {
      person,
      day,
      firstIn,
      lastOut: ends.length > 0 ? Math.max(...ends) : null,
      stays,
      // Rounded once, so that thirty short stays add up like one long stay.
      minutes: minutesOf(closed.reduce((sum, ms) => sum + ms, 0)),
      lateMinutes: lateBy(firstIn, day, work),
      missing: day.end > now ? 0 : stays.filter((s) => s.end === null).length,
    };
  });
}

/** Selects the days of people to read. */
export interface PeriodOfSite {
  readonly site: ReportSite;
  readonly days: readonly AttendanceDay[];
  readonly person?: string | undefined;
  /** Null if lateness is not needed. */
  readonly work: WorkStart | null;
  readonly now: Date;
}

const PAGE = 500;
/** Person-days whose records are in memory at once. The longer the period, the fewer people per page. */
const HELD_DAYS = PAGE * 92;

const text = (ms: number) => new Date(ms).toISOString();

/** Condition for records that count at a site. */
const counted = (site: ReportSite) => sql`${isCounted} and ${ofSite(site, 'c.site')}`;

/**
 * Reads the days of people at a site, one page of people at a time, sorted by person and day.
 *
 * @param inOrder selects and sorts the people; default: all, by id
 */
export async function* readDays(
  db: Db,
  { site, days, person, work, now }: PeriodOfSite,
  inOrder = (people: readonly string[]) => people,
): AsyncGenerator<DayOfPerson[]> {
  const rules = { dayOf: calendarOf(site), work, now: now.getTime() };
  const [start, end] = [days[0]!.start, days.at(-1)!.end];
  const wanted = new Map(days.map((day) => [day.day, day]));
  const { rows: people } = await sql<{ person: string }>`
    select distinct c.person from checkin c
    where c.at >= ${text(start)}::timestamptz and c.at < ${text(end)}::timestamptz and c.person is not null
      ${person === undefined ? sql`` : sql`and c.person = ${person}::uuid`} and ${counted(site)}
    order by c.person`.execute(db);
  const all = inOrder(people.map((r) => r.person));
  const held = Math.min(PAGE, Math.ceil(HELD_DAYS / days.length));
  for (let i = 0; i < all.length; i += held) {
    const ids = all.slice(i, i + held);
    const { rows } = await sql<{ id: string; at: Date; direction: Direction; person: string }>`
      select c.id, c.at, c.resolved as direction, c.person from checkin c
      where c.person = any(${ids}::uuid[]) and c.at >= ${text(start - LONGEST_STAY_MS)}::timestamptz
        and c.at < ${text(end + LONGEST_STAY_MS)}::timestamptz and ${counted(site)}`.execute(db);
    const of = Map.groupBy(rows, (r) => r.person);
    yield ids.flatMap((id) => {
      // Empty if an erasure or a merge removed the records since the people were read.
      const records = (of.get(id) ?? []).map((r) => ({ id: r.id, at: r.at.getTime(), direction: r.direction }));
      return daysOfPerson(id, records, wanted, rules).sort((a, b) => a.day.start - b.day.start);
    });
  }
}

/** Days before the end of a period in which a check-out shows that the site uses check-outs. */
const USED_DAYS = 31;

/** Whether people check out at a site: anyone did in the period, or in the month before its end. */
export async function usesCheckouts(db: Db, site: ReportSite, days: readonly AttendanceDay[]): Promise<boolean> {
  const end = days.at(-1)!.end;
  const start = Math.min(days[0]!.start, end - USED_DAYS * DAY_MS);
  const { rows } = await sql<{ used: boolean }>`
    select exists (select from checkin c where c.at >= ${text(start)}::timestamptz and c.at < ${text(end)}::timestamptz
      and c.resolved = 'out' and ${counted(site)}) as used`.execute(db);
  return rows[0]!.used;
}

/** Formats a time in ms since 1970 as RFC 3339. Null stays null. */
export const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
