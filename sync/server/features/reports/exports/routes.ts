import {
  AttendanceExportQuery,
  DaysExportQuery,
  type ExportFormat,
  PayrollExportQuery,
} from '../../../../protocol/api/exports.ts';
import { type FileAnswer, type RouteSpec, route } from '../../../platform/access/route.ts';
import { reportSite } from '../day.ts';
import { attendanceTable } from './attendance.ts';
import { toCsv } from './csv.ts';
import { daysTable } from './days.ts';
import { payrollTable } from './payroll.ts';
import type { Table } from './table.ts';
import { toXlsx } from './xlsx.ts';

const records = route({
  method: 'GET',
  path: '/api/exports/attendance',
  summary: 'Records as a file for spreadsheets, newest first; who it names is in the audit log',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name', 'person.number'],
  action: 'export',
  query: AttendanceExportQuery,
  answer: 'file',
  errors: ['export-too-large'],
  limit: { max: 20, perMs: 60_000 },
  async handle({ tx, services: { keys }, query: { format, ...filter }, now, about }) {
    return file(`attendance-${now.toISOString().slice(0, 10)}`, format, attendanceTable(tx, keys, filter, about));
  },
});

const days = route({
  method: 'GET',
  path: '/api/exports/days',
  summary: 'The report of each day of one site as a file for spreadsheets, a row a person and day',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name', 'person.number'],
  action: 'export',
  query: DaysExportQuery,
  answer: 'file',
  errors: ['export-too-large', 'unknown-site', 'no-such-day', 'period-too-long'],
  limit: { max: 20, perMs: 60_000 },
  async handle({ tx, services: { keys, config }, query: { format, site: id, ...period }, about }) {
    const site = await reportSite(tx, id, config.site.timeZone);
    return file(named('days', period), format, daysTable(tx, keys, site, period, about));
  },
});

const payroll = route({
  method: 'GET',
  path: '/api/exports/payroll',
  summary:
    'What payroll and HR programs import: stays as a timesheet, or records in Frappe HR’s columns, of days of one site',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name', 'person.number'],
  action: 'export',
  query: PayrollExportQuery,
  answer: 'file',
  errors: ['export-too-large', 'unknown-site', 'no-such-day', 'period-too-long'],
  limit: { max: 20, perMs: 60_000 },
  async handle({ tx, services: { keys, config }, query: { format, layout, site: id, ...period }, about }) {
    const site = await reportSite(tx, id, config.site.timeZone);
    const table = payrollTable(layout, { db: tx, keys, site, shown: about }, period);
    return file(named(layout, period), format, table);
  },
});

export const exportRoutes: readonly RouteSpec[] = [records, days, payroll];

const TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const;

/** By the days in it, which is how people find last month's file again. */
const named = (what: string, { from, to }: { from: string; to: string }): string =>
  from === to ? `${what}-${from}` : `${what}-${from}-to-${to}`;

function file(name: string, format: ExportFormat, table: Table): FileAnswer {
  return {
    file: format === 'csv' ? toCsv(table) : toXlsx(table),
    name: `${name}.${format}`,
    type: TYPES[format],
  };
}
