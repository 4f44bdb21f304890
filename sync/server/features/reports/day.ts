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

/** Longest period of a report, days: a year, whichever. */
const MAX_DAYS = 366;
/** And of charts, which hold what they read: every event of the period. */
export const MAX_CHART_DAYS = 92;

/**
 * Days of the site's calendar, both ends included.
 *
 * @param max most of them
 * @throws Problem `no-such-day`, `period-too-long`: also where it ends before it begins
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

/** A person's day at a site, without their name. Times in ms since 1970; null: nobody recorded it. */
export interface DayOfPerson {
  readonly person: string;
  readonly day: AttendanceDay;
  readonly firstIn: number | null;
  readonly lastOut: number | null;
  readonly stays: readonly Omit<Stay, 'day'>[];
  /** Whole minutes of all complete stays together. */
  readonly minutes: number;
  /** After the start of work; null: in time, or not known. */
  readonly lateMinutes: number | null;
  /** Stays without a check-out; none while the day is not over. */
  readonly missing: number;
}

interface Counted {
  readonly id: string;
  readonly at: number;
  readonly direction: Direction;
}

export interface WorkStart {
  /** The day function of a calendar whose days start with the work. */
  readonly dayOf: DayOf;
  readonly graceMinutes: number;
}

const MINUTE_MS = 60_000;
/** Whole minutes of a time in ms, or between two. */
export const minutesOf = (ms: number): number => Math.floor(ms / MINUTE_MS);

/**
 * How late someone came on a day, whole minutes after the start of work. Pure. The start is what the wall shows within the
 * attendance day, also where clocks change: one that is left out is the moment of the jump, one that comes twice the first.
 *
 * @returns null: in time or within the grace, or there is no start of work
 */
export function lateBy(firstIn: number | null, day: AttendanceDay, work: WorkStart | null): number | null {
  if (firstIn === null || work === null) return null;
  const { start } = work.dayOf(day.end - 1);
  return firstIn > start + work.graceMinutes * MINUTE_MS ? minutesOf(firstIn - start) : null;
}

/**
 * A person's days, from all of their records around them. Pure. A night that ends on a day belongs to the one before.
 *
 * @param days those that are wanted, by their date
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
      // Cut to minutes once: thirty short stays are as long together as one of the same time.
      minutes: minutesOf(closed.reduce((sum, ms) => sum + ms, 0)),
      lateMinutes: lateBy(firstIn, day, work),
      missing: day.end > now ? 0 : stays.filter((s) => s.end === null).length,
    };
  });
}

/** Which days of people are read. */
export interface PeriodOfSite {
  readonly site: ReportSite;
  readonly days: readonly AttendanceDay[];
  readonly person?: string | undefined;
  /** Null: what follows from it is not asked for. */
  readonly work: WorkStart | null;
  readonly now: Date;
}

const PAGE = 500;
/** Days of people whose records are held at once: of a longer period those of fewer people. */
const HELD_DAYS = PAGE * 92;

const text = (ms: number) => new Date(ms).toISOString();

/** What retention or an erasure took has no person, and is nobody's. */
const counted = (site: ReportSite) => sql`${isCounted} and ${ofSite(site, 'c.site')}`;

/**
 * The days of people at a site, a page of people at a time, by person and day.
 *
 * @param inOrder the people whose days are wanted, in their order; absent: all, by id
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
      // None: an erasure or a merge has taken them since the people were read.
      const records = (of.get(id) ?? []).map((r) => ({ id: r.id, at: r.at.getTime(), direction: r.direction }));
      return daysOfPerson(id, records, wanted, rules).sort((a, b) => a.day.start - b.day.start);
    });
  }
}

/** Days within which a check-out shows that the site uses them. */
const USED_DAYS = 31;

/** Whether people check out here: whether one did in the period, or in the month before its end. */
export async function usesCheckouts(db: Db, site: ReportSite, days: readonly AttendanceDay[]): Promise<boolean> {
  const end = days.at(-1)!.end;
  const start = Math.min(days[0]!.start, end - USED_DAYS * DAY_MS);
  const { rows } = await sql<{ used: boolean }>`
    select exists (select from checkin c where c.at >= ${text(start)}::timestamptz and c.at < ${text(end)}::timestamptz
      and c.resolved = 'out' and ${counted(site)}) as used`.execute(db);
  return rows[0]!.used;
}

/** RFC 3339 of a moment in ms since 1970, or null. */
export const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
