import * as api from '../../../../protocol/api/exports.ts';
import type { ProductLanguage } from '../../../../protocol/api/languages.ts';
import type { ReportColumn, ReportRow } from '../../../../protocol/api/reports.ts';
import { type FileAnswer, implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { reportSite } from '../day.ts';
import { namedRows, type OpenReport, openReport, rankFor, type Shown } from '../report.ts';
import { attendanceTable } from './attendance.ts';
import { type Table, toCsv, toXlsx, wallClock } from './files.ts';
import { HEADINGS } from './headings.ts';
import { payrollTable } from './payroll.ts';

export const exportRoutes: readonly Route[] = [
  implement(api.exportAttendance, async ({ tx, services: { keys }, query, now, about }) => {
    const { format, language, ...filter } = query;
    const table = attendanceTable(tx, keys, filter, language, about);
    return file(`attendance-${now.toISOString().slice(0, 10)}`, format, table);
  }),
  implement(api.exportReport, {
    before: rankFor,
    async handle({ tx, services: { keys, config }, query, now, about, prepared: rank }) {
      const { format, language, ...asked } = query;
      const report = await openReport(tx, asked, config.site.timeZone, now, rank);
      if (asked.person) about([asked.person]);
      return file(named(`report-${asked.by}`, asked), format, reportTable(tx, keys, report, language, about));
    },
  }),
  implement(
    api.exportPayroll,
    async ({ tx, services: { keys, config }, query: { format, layout, site: id, ...period }, now, about }) => {
      const site = await reportSite(tx, id, config.site.timeZone);
      const table = payrollTable(layout, { db: tx, keys, site, shown: about, now }, period);
      return file(named(layout, period), format, table);
    },
  ),
];

const TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const;

/** Names a file by its period, so that people can find last month's file. */
const named = (what: string, { from, to }: { from: string; to: string }): string =>
  from === to ? `${what}-${from}` : `${what}-${from}-to-${to}`;

const file = (name: string, format: api.ExportFormat, table: Table): FileAnswer => ({
  file: format === 'csv' ? toCsv(table) : toXlsx(table),
  name: `${name}.${format}`,
  type: TYPES[format],
});

type Column = (row: ReportRow, timeZone: string) => string | number | null;
const wall = (at: string | null, timeZone: string) => (at === null ? null : wallClock(Date.parse(at), timeZone));

/** Value of each report column in a spreadsheet. */
const CELLS: Readonly<Record<ReportColumn | 'lateMinutes', Column>> = {
  day: (r) => r.day,
  site: (r) => r.site?.name ?? null,
  name: (r) => r.name,
  number: (r) => r.number,
  people: (r) => r.people,
  days: (r) => r.days,
  firstIn: (r, zone) => wall(r.firstIn, zone),
  lastOut: (r, zone) => wall(r.lastOut, zone),
  late: (r) => r.late,
  lateMinutes: (r) => r.lateMinutes,
  stays: (r) => r.stays,
  minutes: (r) => r.minutes,
  missing: (r) => r.missing,
};

/** @param language language of the headings */
function reportTable(db: Db, keys: Keys, report: OpenReport, language: ProductLanguage, shown: Shown): Table {
  const { site } = report;
  const columns = report.columns.map((column) =>
    column === 'late' && report.by === 'person-day' ? 'lateMinutes' : column,
  );
  async function* pages() {
    for await (const rows of namedRows(db, keys, report, shown))
      yield rows.map((row) => columns.map((column) => CELLS[column](row, site.timeZone)));
  }
  const { title, ...headings } = HEADINGS[language].report;
  return { title, columns: columns.map((column) => headings[column]), pages: pages() };
}
