import { z } from 'zod';
import { attendanceFilter } from './attendance.ts';
import { endpoint } from './endpoint.ts';
import { LANGUAGES } from './languages.ts';
import { reportQuery } from './reports.ts';

/** `/api/exports/…`: spreadsheet files. CSV has no limit on rows; a workbook has at most `MAX_XLSX_ROWS`. */

export const MAX_XLSX_ROWS = 20_000;

export const ExportFormat = z.enum(['csv', 'xlsx']);
export type ExportFormat = z.infer<typeof ExportFormat>;

/** Formats for payroll or HR programs: a generic timesheet, or Frappe HR's “Employee Checkin” (data import). */
export const PayrollLayout = z.enum(['timesheet', 'frappe-hr']);
export type PayrollLayout = z.infer<typeof PayrollLayout>;

/** Of the headings: programs that read a file leave it out, and find the English ones, in whatever language someone works. */
const language = z.enum(LANGUAGES).default('en');

const exporting = {
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name', 'person.number'],
  action: 'export',
  answer: 'file',
  limit: { max: 20, perMs: 60_000 },
} as const;

export const exportAttendance = endpoint('GET /api/exports/attendance', {
  ...exporting,
  summary: 'Export records as a spreadsheet file, newest first; the people in it are logged',
  query: z.strictObject({ ...attendanceFilter, format: ExportFormat, language }),
  errors: ['export-too-large'],
});

export const exportReport = endpoint('GET /api/exports/report', {
  ...exporting,
  summary: 'Export a report as a spreadsheet file: the columns and rows of its page; the people in it are logged',
  query: z.strictObject({ ...reportQuery, format: ExportFormat, language }),
  errors: ['export-too-large', 'unknown-site', 'no-such-day', 'period-too-long'],
});

const { site, from, to } = reportQuery;

export const exportPayroll = endpoint('GET /api/exports/payroll', {
  ...exporting,
  summary: 'Export one site’s days for payroll and HR programs: stays as a timesheet, or records in Frappe HR’s format',
  query: z.strictObject({ format: ExportFormat, layout: PayrollLayout, site, from, to }),
  errors: ['export-too-large', 'unknown-site', 'no-such-day', 'period-too-long'],
});
