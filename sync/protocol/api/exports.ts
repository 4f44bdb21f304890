import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { attendanceFilter } from './attendance.ts';

/** `/api/exports/…`: files for spreadsheets. CSV takes any number of rows; a workbook at most `MAX_XLSX_ROWS`. */

export const MAX_XLSX_ROWS = 20_000;

export const ExportFormat = z.enum(['csv', 'xlsx']);
export type ExportFormat = z.infer<typeof ExportFormat>;

export const AttendanceExportQuery = z.strictObject({ ...attendanceFilter, format: ExportFormat });

/** Days of one site by its calendar, both included; at most 92. */
export const DaysExportQuery = z.strictObject({
  format: ExportFormat,
  site: Uuid.optional(),
  from: z.iso.date(),
  to: z.iso.date(),
});

/** What a payroll or HR program takes: a generic timesheet, or Frappe HR's “Employee Checkin” (data import). */
export const PayrollLayout = z.enum(['timesheet', 'frappe-hr']);
export type PayrollLayout = z.infer<typeof PayrollLayout>;
export const PayrollExportQuery = z.strictObject({ ...DaysExportQuery.shape, layout: PayrollLayout });
