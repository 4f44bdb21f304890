import { z } from 'zod';
import { TimeOfDay } from '../wire/changes.ts';
import { Direction, Instant, LivenessResult, Method, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, Moment, pageOf, QueryFlag, sortedQuery } from './page.ts';
import { StaffBy } from './staff.ts';

/** `/api/attendance`: the records as resolved by the server. Every record is kept; those that don't count state why. */

/** Methods by which someone can be recorded. */
export const METHODS = Method.options;

export const AttendanceRow = z.strictObject({
  id: Uuid,
  at: Instant,
  receivedAt: Instant,
  /** Null: the default site. */
  site: Uuid.nullable(),
  /** Null: a record added by hand. */
  device: Uuid.nullable(),
  /** The direction that counts; `claimed` is what the kiosk, or the person who corrected it, stated. */
  direction: Direction,
  claimed: Direction,
  method: Method,
  liveness: LivenessResult,
  /** Null once erased. */
  person: Uuid.nullable(),
  name: z.string().nullable(),
  /** Why it doesn't count, e.g. `not-me`, `corrected`; null: it counts. */
  voided: z.string().nullable(),
  /** The record of the same presence that counts instead. */
  duplicateOf: Uuid.nullable(),
  /** The correction that replaces it. */
  supersededBy: Uuid.nullable(),
  /** Whether it was made by the correction with this id. */
  correction: z.boolean(),
  /** Kiosk staff who recorded it by hand, or voided it; null: not by kiosk staff. Absent on a person's own page. */
  by: StaffBy.nullable().optional(),
  voidedBy: StaffBy.nullable().optional(),
  /** The reason given for a correction or addition; null: neither. Absent on a person's own page. */
  reason: z.string().nullable().optional(),
});
export type AttendanceRow = z.infer<typeof AttendanceRow>;

export const attendanceFilter = {
  site: Uuid.optional(),
  person: Uuid.optional(),
  device: Uuid.optional(),
  from: Moment.optional(),
  to: Moment.optional(),
  /** Time of day at the record's site; the end is exclusive. Spans midnight if `timeTo` is before `timeFrom`. */
  timeFrom: TimeOfDay.optional(),
  timeTo: TimeOfDay.optional(),
  direction: Direction.optional(),
  method: Method.optional(),
  /** true: only these; false: without these; absent: both. */
  voided: QueryFlag.optional(),
  duplicates: QueryFlag.optional(),
};
export const AttendanceFilter = z.strictObject(attendanceFilter);
export type AttendanceFilter = z.infer<typeof AttendanceFilter>;

export const AttendancePage = pageOf(AttendanceRow);

export const Duplicate = z.strictObject({
  id: Uuid,
  people: z.array(z.strictObject({ id: Uuid, name: z.string().nullable() })).length(2),
  reason: z.enum(['number', 'template']),
  score: z.number().nullable(),
  foundAt: Instant,
});
/** The person to keep. The other becomes an alias of that person. */
export const MergeDecision = z.strictObject({ kept: Uuid });
export const Merged = z.strictObject({ id: Uuid, records: z.number().int() });

export const listAttendance = endpoint('GET /api/attendance', {
  summary: 'List attendance records, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'correction.reason', 'person.name', 'staff.name'],
  query: z.strictObject({ ...attendanceFilter, ...sortedQuery(['at'], '-at') }),
  answer: countedPageOf(AttendanceRow),
});

export const listDuplicates = endpoint('GET /api/duplicates', {
  summary: 'List pairs of people who may have been enrolled twice, oldest first',
  roles: ['admin', 'staff'],
  data: ['person.name'],
  query: z.strictObject(sortedQuery(['foundAt', 'score'], 'foundAt')),
  answer: countedPageOf(Duplicate),
});

export const mergeDuplicate = endpoint('POST /api/duplicates/:candidate/merge', {
  summary: 'Merge two entries of one person',
  roles: ['admin', 'staff'],
  data: ['person', 'attendance', 'template', 'consent'],
  body: MergeDecision,
  answer: Merged,
  errors: ['merge-not-possible'],
});

export const rejectDuplicate = endpoint('POST /api/duplicates/:candidate/not-duplicates', {
  summary: 'Mark a pair as different people; it isn’t suggested again',
  roles: ['admin', 'staff'],
  data: ['person'],
});
export const reopenDuplicate = endpoint('DELETE /api/duplicates/:candidate/not-duplicates', {
  summary: 'Suggest a pair again that was marked as different people',
  roles: ['admin', 'staff'],
  data: ['person'],
  action: 'write',
});
