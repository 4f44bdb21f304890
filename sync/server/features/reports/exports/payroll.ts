import { missingCase } from '../../../../errors/problem.ts';
import type { AttendanceFilter } from '../../../../protocol/api/attendance.ts';
import type { PayrollLayout } from '../../../../protocol/api/exports.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { daysBetween, minutesOf, type ReportSite, readDays } from '../day.ts';
import { namesFor, type Shown } from '../report.ts';
import { namedRecords } from './attendance.ts';
import { type Row, type Table, wallClock } from './files.ts';

export interface PayrollSource {
  readonly db: Db;
  readonly keys: Keys;
  readonly site: ReportSite;
  readonly shown: Shown;
  readonly now: Date;
}

export interface Period {
  readonly from: string;
  readonly to: string;
}

/**
 * Builds a table to import into a payroll or HR program. People are identified by their number, as in such programs. Times
 * are the site's local times. It has only records that count, and an end that was not recorded stays empty.
 *
 * @param period days of the site's calendar, both included
 * @throws Problem `no-such-day`, `period-too-long`
 */
export function payrollTable(layout: PayrollLayout, source: PayrollSource, period: Period): Table {
  switch (layout) {
    case 'timesheet':
      return timesheet(source, period);
    case 'frappe-hr':
      return employeeCheckins(source, period);
    default:
      return missingCase(layout);
  }
}

const TIMESHEET = ['Employee ID', 'Employee name', 'Date', 'Clock in', 'Clock out', 'Hours', 'Remark'] as const;

/** One row per stay. */
function timesheet({ db, keys, site, shown, now }: PayrollSource, { from, to }: Period): Table {
  const days = daysBetween(site, from, to);
  const wall = (at: number | null) => (at === null ? null : wallClock(at, site.timeZone));
  const names = namesFor(db, keys, shown);
  async function* pages(): AsyncGenerator<Row[]> {
    for await (const found of readDays(db, { site, days, work: null, now })) {
      const people = await names(found.map((d) => d.person));
      yield found.flatMap(({ person, day, stays }) =>
        stays.map(({ start, end }): Row => {
          const { number = null, name = null } = people.get(person) ?? {};
          const remark = start === null ? 'no clock-in' : end === null ? 'no clock-out' : null;
          const hours = start === null || end === null ? null : Math.round((minutesOf(end - start) / 60) * 100) / 100;
          return [number, name, day.day, wall(start), wall(end), hours, remark];
        }),
      );
    }
  }
  return { title: 'Timesheet', columns: TIMESHEET, pages: pages() };
}

/** Field labels of “Employee Checkin” in Frappe HR's data import. */
const EMPLOYEE_CHECKIN = ['Employee', 'Log Type', 'Time', 'Location / Device ID', 'Skip Auto Attendance'] as const;

/** One row per record. People without a number are included, so that the import reports them rather than silently losing them. */
function employeeCheckins({ db, keys, site, shown }: PayrollSource, { from, to }: Period): Table {
  const days = daysBetween(site, from, to);
  const filter: AttendanceFilter = {
    ...(site.id !== null && { site: site.id }),
    // `daysBetween` has rejected a period that ends before it begins.
    from: new Date(days[0]?.start ?? 0).toISOString(),
    to: new Date(days.at(-1)?.end ?? 0).toISOString(),
    voided: false,
    duplicates: false,
  };
  async function* pages(): AsyncGenerator<Row[]> {
    for await (const records of namedRecords(db, keys, filter, shown))
      yield records.flatMap(({ person, number, direction, at, kiosk }): Row[] => {
        const log = direction === 'in' ? 'IN' : 'OUT';
        return person === null ? [] : [[number, log, wallClock(Date.parse(at), site.timeZone), kiosk, 0]];
      });
  }
  return { title: 'Employee Checkin', columns: EMPLOYEE_CHECKIN, pages: pages() };
}
