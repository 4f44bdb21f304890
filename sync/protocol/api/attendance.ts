import { z } from 'zod';
import { TimeOfDay } from '../wire/changes.ts';
import { Direction, Instant, LivenessResult, Method, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, Moment, pageOf, QueryFlag, sortedQuery } from './page.ts';
import { StaffBy } from './staff.ts';

/** `/api/attendance`: the records, as the server resolved them. Every record is kept; what does not count says why. */

/** Methods by which someone can be recorded. */
export const METHODS = Method.options;

export const AttendanceRow = z.strictObject({
  id: Uuid,
  at: Instant,
  receivedAt: Instant,
  /** Null: the default site. */
  site: Uuid.nullable(),
  /** Null: a record that was added by hand. */
  device: Uuid.nullable(),
  /** What counts; `claimed` is what the kiosk, or the person who corrected it, said. */
  direction: Direction,
  claimed: Direction,
  method: Method,
  liveness: LivenessResult,
  /** Null once erased. */
  person: Uuid.nullable(),
  name: z.string().nullable(),
  /** Why it counts nowhere, e.g. `not-me`, `corrected`; null: it counts. */
  voided: z.string().nullable(),
  /** The record of the same presence that counts instead. */
  duplicateOf: Uuid.nullable(),
  /** The correction that replaces it. */
  supersededBy: Uuid.nullable(),
  /** True: made by a correction of this id. */
  correction: z.boolean(),
  /** Who of the kiosk's staff recorded it by hand, and who voided it there; null: nobody of them. Absent: on a person's own page. */
  by: StaffBy.nullable().optional(),
  voidedBy: StaffBy.nullable().optional(),
  /** Why it was corrected or added, in the words of who did it; null: it was not. Absent: on a person's own page. */
  reason: z.string().nullable().optional(),
});
export type AttendanceRow = z.infer<typeof AttendanceRow>;

export const attendanceFilter = {
  site: Uuid.optional(),
  person: Uuid.optional(),
  device: Uuid.optional(),
  from: Moment.optional(),
  to: Moment.optional(),
  /** A time of day, by the clock of the record's site, the second not included; over midnight where it is before the first. */
  timeFrom: TimeOfDay.optional(),
  timeTo: TimeOfDay.optional(),
  direction: Direction.optional(),
  method: Method.optional(),
  /** true: only those; false: none of those; absent: both. */
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
/** Which of the two is kept; the other becomes another name of that person. */
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
