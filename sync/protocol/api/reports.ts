import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, Instant, sortedQuery } from './page.ts';

/** `/api/reports/day`: one attendance day of one site, a row a person. */

const Day = z.iso.date();

export const DayReportQuery = z.strictObject({
  ...sortedQuery(['person', 'firstIn', 'lastOut', 'minutes', 'open'], 'person'),
  /** Absent: the default site. */
  site: Uuid.optional(),
  /** By the site's calendar; absent: its present day. */
  day: Day.optional(),
});

export const StayRow = z.strictObject({
  /** Null: nobody recorded it. It is never made up. */
  start: Instant.nullable(),
  end: Instant.nullable(),
  /** Whole minutes of real time; null where an end is missing. */
  minutes: z.number().int().nullable(),
});

export const DayRow = z.strictObject({
  person: Uuid,
  name: z.string().nullable(),
  firstIn: Instant.nullable(),
  lastOut: Instant.nullable(),
  stays: z.array(StayRow),
  /** Whole minutes of all stays that have both ends together: up to one a stay more than the sum of theirs. */
  minutes: z.number().int(),
  /** Stays that lack an end. */
  open: z.number().int(),
});
export type DayRow = z.infer<typeof DayRow>;

export const DayReport = z.strictObject({
  site: z.strictObject({ id: Uuid.nullable(), name: z.string(), timeZone: z.string() }),
  day: Day,
  from: Instant,
  to: Instant,
  ...countedPageOf(DayRow).shape,
  /** Whole minutes and missing check-outs of all people of the day, where `total` was asked for. */
  sums: z.strictObject({ minutes: z.number().int(), open: z.number().int() }).nullable(),
});
export type DayReport = z.infer<typeof DayReport>;

export const getDayReport = endpoint('GET /api/reports/day', {
  summary: 'Report one attendance day of a site, one row per person: first in, last out, stays, missing check-outs',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name'],
  query: DayReportQuery,
  answer: DayReport,
  errors: ['unknown-site', 'no-such-day'],
});
