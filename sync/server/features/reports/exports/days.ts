import { Problem } from '../../../../errors/problem.ts';
import type { AttendanceDay } from '../../../../protocol/wire/calendar.ts';
import { calendarOf } from '../../../core/sites/sites.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { dayNamed, type ReportSite, readDay } from '../day.ts';
import { namesFor } from './attendance.ts';
import { type Row, type Table, wallClock } from './files.ts';

/** People of a day read at once. */
const PAGE = 500;
/** Longest period, days. */
const MAX_DAYS = 92;

const COLUMNS = [
  'Day',
  'Name',
  'Number',
  'First in',
  'Last out',
  'Minutes',
  'Stays',
  'Without an end',
  'Person',
] as const;

/**
 * The report of each day from `from` to `to`, both included: a row a person and day.
 *
 * @param shown is called with the people each page names
 * @throws Problem `no-such-day`, `period-too-long`
 */
export function daysTable(
  db: Db,
  keys: Keys,
  site: ReportSite,
  { from, to }: { readonly from: string; readonly to: string },
  shown: (people: readonly string[]) => void,
): Table {
  const days = daysBetween(site, from, to);
  return { title: 'Days', columns: COLUMNS, pages: pages(db, keys, site, days, shown) };
}

/** @throws Problem `no-such-day`, `period-too-long` */
export function daysBetween(site: ReportSite, from: string, to: string): AttendanceDay[] {
  const dayOf = calendarOf(site);
  const last = dayNamed(dayOf, to);
  const days: AttendanceDay[] = [];
  for (let day = dayNamed(dayOf, from); day.start <= last.start; day = dayOf(day.end)) {
    days.push(day);
    if (days.length > MAX_DAYS) throw new Problem('period-too-long', { max: MAX_DAYS });
  }
  if (days.length === 0) throw new Problem('period-too-long', { max: MAX_DAYS });
  return days;
}

async function* pages(...[db, keys, site, days, shown]: Parameters<typeof peopleByDay>): AsyncGenerator<Row[]> {
  const wall = (text: string | null) => (text === null ? null : wallClock(Date.parse(text), site.timeZone));
  for await (const { day, rows, people } of peopleByDay(db, keys, site, days, shown))
    yield rows.map((r): Row => {
      const person = people.get(r.person);
      return [
        day.day,
        person?.name ?? null,
        person?.number ?? null,
        wall(r.firstIn),
        wall(r.lastOut),
        r.minutes,
        r.stays.length,
        r.open,
        r.person,
      ];
    });
}

/** The people of each day, a page at a time, with their names. @param shown is called with the people each page names */
export async function* peopleByDay(
  db: Db,
  keys: Keys,
  site: ReportSite,
  days: readonly AttendanceDay[],
  shown: (people: readonly string[]) => void,
) {
  const names = namesFor(db, keys);
  for (const day of days) {
    for (let after: string | null = null; ; ) {
      const { rows, last }: Awaited<ReturnType<typeof readDay>> = await readDay(db, site, day, PAGE, after);
      const ids = rows.map((r) => r.person);
      shown(ids);
      yield { day, rows, people: await names(ids) };
      if (last === null) break;
      after = last;
    }
  }
}
