import { z } from 'zod';
import { TimeOfDay } from '../wire/changes.ts';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { LANGUAGES } from './languages.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** `/api/reports`: attendance reports of a period, and reports sent by e-mail on a schedule. */

const Day = z.iso.date();

/**
 * What a report has one row for, and its columns in order. Used for the page, its files, printing and e-mails. `late` is omitted
 * for a site without a start of work, and columns that need check-outs for a site without any.
 */
export const REPORTS = {
  'person-day': ['day', 'name', 'number', 'firstIn', 'lastOut', 'late', 'stays', 'minutes', 'missing'],
  person: ['name', 'number', 'days', 'late', 'stays', 'minutes', 'missing'],
  day: ['day', 'people', 'late', 'stays', 'minutes', 'missing'],
  site: ['site', 'people', 'days', 'late', 'stays', 'minutes', 'missing'],
} as const;
export type ReportColumn = (typeof REPORTS)[keyof typeof REPORTS][number];
const ReportBy = z.enum(['person-day', 'person', 'day', 'site']);
export type ReportBy = z.infer<typeof ReportBy>;

/** Which person-days count: all, those with a late arrival, or those without a check-out. */
export const ReportOnly = z.enum(['late', 'missing']);

/** What a report is about. Days are of the site's calendar, inclusive; at most 366. */
export const reportQuery = {
  by: ReportBy.default('person-day'),
  /** Absent: the default site. With `by=site` there is one row per site, whichever is given. */
  site: Uuid.optional(),
  person: Uuid.optional(),
  only: ReportOnly.optional(),
  from: Day,
  to: Day,
};

const Count = z.number().int().nonnegative();

/** Sums over the person-days of a row or of the report. */
const Sums = z.strictObject({
  people: Count,
  /** Person-days: two people on one day count twice. */
  days: Count,
  stays: Count,
  /** Minutes of stays with both ends, each person's day truncated to whole minutes. */
  minutes: Count,
  /** Arrivals after the start of work plus grace period. */
  late: Count,
  /** Stays without a check-out at the end of their day. */
  missing: Count,
});
export type ReportSums = z.infer<typeof Sums>;

export const ReportRow = z.strictObject({
  ...Sums.shape,
  day: Day.nullable(),
  site: z.strictObject({ id: Uuid.nullable(), name: z.string() }).nullable(),
  person: Uuid.nullable(),
  name: z.string().nullable(),
  number: z.string().nullable(),
  /** For person-days; null: not recorded. Never estimated. */
  firstIn: Instant.nullable(),
  lastOut: Instant.nullable(),
  /** For person-days with a late arrival: whole minutes after the start of work. */
  lateMinutes: Count.nullable(),
});
export type ReportRow = z.infer<typeof ReportRow>;

export const Report = z.strictObject({
  site: z.strictObject({ id: Uuid.nullable(), name: z.string(), timeZone: z.string() }),
  columns: z.array(z.enum([...new Set(Object.values(REPORTS).flat())])),
  ...countedPageOf(ReportRow).shape,
  /** Sums of the whole report, if `total` was requested. */
  sums: Sums.nullable(),
});
export type Report = z.infer<typeof Report>;

/** `name`: if rows aren't about people, the report's default order. */
const SORTED = ['name', 'firstIn', 'lastOut', 'people', 'days', 'late', 'stays', 'minutes', 'missing'] as const;
export type ReportSort = (typeof SORTED)[number];

export const getReport = endpoint('GET /api/reports', {
  summary:
    'Report the attendance of a period by person and day, by person, by day or by site: hours, late, missing check-outs',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name', 'person.number'],
  query: z.strictObject({ ...reportQuery, ...sortedQuery(SORTED, 'name') }),
  answer: Report,
  errors: ['unknown-site', 'no-such-day', 'period-too-long'],
});

/** The days (a week: Monday to Sunday, or a month) before the one on which it is sent. */
const Every = z.enum(['day', 'week', 'month']);
export type Every = z.infer<typeof Every>;

/** A report that is sent regularly: its numbers and a link, without names. */
export const NewReportSchedule = z.strictObject({
  by: ReportBy,
  only: ReportOnly.optional(),
  site: Uuid,
  every: Every,
  /** Local time at the site: each day, each Monday, or on the first of each month. */
  at: TimeOfDay,
  language: z.enum(LANGUAGES),
  /** Account ids. */
  receivers: z.array(Uuid).min(1).max(20),
});
export type NewReportSchedule = z.infer<typeof NewReportSchedule>;

const Receiver = z.strictObject({ id: Uuid, email: z.string() });

export const ReportSchedule = z.strictObject({
  ...NewReportSchedule.omit({ receivers: true }).shape,
  id: Uuid,
  /** Recipients who may still receive it. For staff, `email` is null except their own. */
  receivers: z.array(Receiver.extend({ email: z.string().nullable() })),
  nextAt: Instant,
  sentAt: Instant.nullable(),
  /** E-mails waiting to be sent, and the code of the last failure. */
  waiting: Count,
  error: z.string().nullable(),
});
export type ReportSchedule = z.infer<typeof ReportSchedule>;

const ROLES = ['admin', 'dpo', 'staff'] as const;

export const listReportSchedules = endpoint('GET /api/reports/schedules', {
  summary: 'List reports that are sent by e-mail, and the accounts that can receive them',
  roles: ROLES,
  data: ['account.email'],
  answer: z.strictObject({
    items: z.array(ReportSchedule),
    /** Accounts the caller may choose as recipients: for staff only their own. */
    receivers: z.array(Receiver),
    /** False: the server can't send e-mail. */
    mail: z.boolean(),
  }),
});

export const createReportSchedule = endpoint('POST /api/reports/schedules', {
  summary: 'Send a report by e-mail each day, week or month: totals and a link, no names',
  roles: ROLES,
  data: [],
  body: NewReportSchedule,
  answer: z.strictObject({ id: Uuid }),
  errors: ['unknown-site', 'mail-not-configured', 'report-receiver-unknown'],
  // Each schedule may e-mail twenty accounts.
  limit: { max: 20, perMs: 60_000 },
});

export const changeReportSchedule = endpoint('PUT /api/reports/schedules/:schedule', {
  summary: 'Change a scheduled report’s content, time and recipients; this also applies to mails that are waiting',
  roles: ROLES,
  data: [],
  body: NewReportSchedule,
  errors: ['unknown-site', 'mail-not-configured', 'report-receiver-unknown'],
});

export const stopReportSchedule = endpoint('DELETE /api/reports/schedules/:schedule', {
  summary: 'Stop sending a report; mails that wait are dropped',
  roles: ROLES,
  data: [],
});

export const sendReport = endpoint('POST /api/reports/schedules/:schedule/send', {
  summary: 'Send a scheduled report now, in addition to its schedule',
  roles: ROLES,
  data: [],
  errors: ['mail-not-configured'],
  limit: { max: 5, perMs: 60_000 },
});
