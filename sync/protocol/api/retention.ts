import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { QueryFlag } from './page.ts';

/** `/api/retention`: how long data is kept, what the last run deleted, and legal holds. */

export const RetentionKind = z.enum(['gps', 'photos', 'templates', 'attendance', 'consents', 'leavers', 'quarantine']);

export const RuleReport = z.strictObject({
  kind: RetentionKind,
  /** Null: kept indefinitely. */
  days: z.number().int().nullable(),
  removed: z.number().int(),
  /** Overdue data that still exists: what a run would delete, or could not. */
  due: z.number().int(),
  /** Overdue data kept by a legal hold. */
  held: z.number().int(),
  oldest: Instant.nullable(),
  /** Code of the error, if it failed. */
  failed: z.string().nullable(),
});

export const RetentionRule = z.strictObject({
  kind: RetentionKind,
  /** Null: kept indefinitely. */
  days: z.number().int().nullable(),
  /** What the days are counted from. */
  counted: z.string(),
  /** What happens when the period is over. */
  outcome: z.string(),
  /** Why it is kept this long, and no longer. */
  basis: z.string(),
});

/** What a kiosk has confirmed about its own purge of one kind. */
export const KioskPurge = z.strictObject({
  device: Uuid,
  name: z.string(),
  status: z.enum(['pending', 'approved', 'revoked']),
  lastHeardAt: Instant.nullable(),
  what: z.enum(['photos', 'gps']),
  /** It confirmed that it has nothing older; null: it never confirmed. */
  purgedBefore: Instant.nullable(),
  confirmedAt: Instant.nullable(),
  removed: z.number().int(),
  /** It should have confirmed by now. A revoked kiosk can't any more, and doesn't stay overdue forever. */
  overdue: z.boolean(),
});

export const Retention = z.strictObject({
  rules: z.array(RetentionRule),
  /** Days in which an erasure can be cancelled. */
  erasureUndoDays: z.number().int(),
  /** Null: no run yet. */
  lastRun: z.strictObject({ at: Instant, rules: z.array(RuleReport) }).nullable(),
  kiosks: z.array(KioskPurge),
});

export const RetentionRun = z.strictObject({ rules: z.array(RuleReport) });

export const Hold = z.strictObject({
  id: Uuid,
  person: Uuid.nullable(),
  /** Name of the person; also null if erased, and for roles that may not read people. */
  name: z.string().nullable(),
  site: Uuid.nullable(),
  from: Instant.nullable(),
  until: Instant.nullable(),
  reason: z.string(),
  setBy: z.string(),
  setAt: Instant,
  releasedAt: Instant.nullable(),
  releasedBy: z.string().nullable(),
});

/** At least one of person, site, from and until is required. */
export const NewHold = z.strictObject({
  person: Uuid.nullable().default(null),
  site: Uuid.nullable().default(null),
  from: Instant.nullable().default(null),
  until: Instant.nullable().default(null),
  reason: z.string().trim().min(1).max(500),
});

export const getRetention = endpoint('GET /api/retention', {
  summary: 'Show how long data is kept, what the last run deleted, and which deletions kiosks have confirmed',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: [],
  answer: Retention,
});

export const dryRunRetention = endpoint('POST /api/retention/dry-run', {
  summary: 'Preview what a run would delete now; deletes nothing',
  roles: ['admin', 'dpo', 'operator'],
  data: [],
  action: 'read',
  answer: RetentionRun,
});

/** The server also does this every hour. */
export const runRetention = endpoint('POST /api/retention/run', {
  summary: 'Delete what is due now',
  roles: ['operator'],
  data: [],
  action: 'operate',
  body: z.strictObject({
    /** Absent: all. */
    kinds: z.array(RetentionKind).optional(),
  }),
  answer: RetentionRun,
});

export const listHolds = endpoint('GET /api/retention/holds', {
  summary: 'List active legal holds, and on request released ones',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['person.hold', 'person.name'],
  query: z.strictObject({
    released: QueryFlag.optional(),
    /** Only holds that name this person. */
    person: Uuid.optional(),
  }),
  answer: z.strictObject({ items: z.array(Hold) }),
});

export const setHold = endpoint('POST /api/retention/holds', {
  summary: 'Add a legal hold on a person, a site or a period',
  roles: ['admin', 'dpo', 'operator'],
  data: ['person.hold'],
  body: NewHold,
  answer: z.strictObject({ id: Uuid }),
  errors: ['hold-covers-everything', 'hold-period-wrong', 'person-unknown'],
});

export const dryRunRelease = endpoint('POST /api/retention/holds/:hold/dry-run', {
  summary: 'Preview what the next run would delete if a hold were released; releases and deletes nothing',
  roles: ['admin', 'dpo', 'operator'],
  data: ['person.hold'],
  action: 'read',
  answer: z.strictObject({
    /** Overdue rows kept only by this hold. */
    due: z.number().int(),
    /** Erasures delayed only by this hold. */
    erasures: z.number().int(),
  }),
});

export const releaseHold = endpoint('POST /api/retention/holds/:hold/release', {
  summary: 'Release a hold; the data it kept is deleted in the next run',
  roles: ['admin', 'dpo', 'operator'],
  data: ['person.hold'],
});
