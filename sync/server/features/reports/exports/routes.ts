import * as api from '../../../../protocol/api/exports.ts';
import { type FileAnswer, implement, type Route } from '../../../platform/access/route.ts';
import { reportSite } from '../day.ts';
import { openReport, rankFor } from '../report.ts';
import { attendanceTable } from './attendance.ts';
import { type Table, toCsv, toXlsx } from './files.ts';
import { payrollTable } from './payroll.ts';
import { reportTable } from './report.ts';

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

/** By the days in it, which is how people find last month's file again. */
const named = (what: string, { from, to }: { from: string; to: string }): string =>
  from === to ? `${what}-${from}` : `${what}-${from}-to-${to}`;

const file = (name: string, format: api.ExportFormat, table: Table): FileAnswer => ({
  file: format === 'csv' ? toCsv(table) : toXlsx(table),
  name: `${name}.${format}`,
  type: TYPES[format],
});
