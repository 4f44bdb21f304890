import * as api from '../../../../protocol/api/exports.ts';
import type { ReportColumn, ReportRow } from '../../../../protocol/api/reports.ts';
import { type FileAnswer, implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { reportSite } from '../day.ts';
import { namedRows, type OpenReport, openReport, rankFor, type Shown } from '../report.ts';
import { attendanceTable } from './attendance.ts';
import { type Table, toCsv, toXlsx, wallClock } from './files.ts';
import { payrollTable } from './payroll.ts';

export const exportRoutes: readonly Route[] = [
  implement(api.exportAttendance, async ({ tx, services: { keys }, query: { format, ...filter }, now, about }) =>
    file(`attendance-${now.toISOString().slice(0, 10)}`, format, attendanceTable(tx, keys, filter, about)),
  ),
  implement(api.exportReport, {
    before: rankFor,
    async handle({ tx, services: { keys, config }, query: { format, ...asked }, now, about, prepared: rank }) {
      const report = await openReport(tx, asked, config.site.timeZone, now, rank);
      if (asked.person) about([asked.person]);
      return file(named(`report-${asked.by}`, asked), format, reportTable(tx, keys, report, about));
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

/** Heading and value of each report column in a spreadsheet. */
const CELLS: Readonly<Record<ReportColumn, readonly [heading: string, Column]>> = {
  day: ['Day', (r) => r.day],
  site: ['Site', (r) => r.site?.name ?? null],
  name: ['Name', (r) => r.name],
  number: ['Number', (r) => r.number],
  people: ['People', (r) => r.people],
  days: ['Days', (r) => r.days],
  firstIn: ['First in', (r, zone) => wall(r.firstIn, zone)],
  lastOut: ['Last out', (r, zone) => wall(r.lastOut, zone)],
  late: ['Late arrivals', (r) => r.late],
  stays: ['Visits', (r) => r.stays],
  minutes: ['Minutes', (r) => r.minutes],
  missing: ['Missing check-outs', (r) => r.missing],
};

function reportTable(db: Db, keys: Keys, report: OpenReport, shown: Shown): Table {
  const { columns, site } = report;
  const cells = columns.map((column): readonly [string, Column] =>
    column === 'late' && report.by === 'person-day' ? ['Minutes late', (r) => r.lateMinutes] : CELLS[column],
  );
  async function* pages() {
    for await (const rows of namedRows(db, keys, report, shown))
      yield rows.map((row) => cells.map(([, cell]) => cell(row, site.timeZone)));
  }
  return { title: 'Report', columns: cells.map(([heading]) => heading), pages: pages() };
}
