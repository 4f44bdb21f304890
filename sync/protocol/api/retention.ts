import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { QueryFlag } from './page.ts';

/** `/api/retention`: how long things are kept, what the last run removed, legal holds. */

export const RetentionKind = z.enum(['gps', 'photos', 'templates', 'attendance', 'consents', 'leavers', 'quarantine']);

export const RuleReport = z.strictObject({
  kind: RetentionKind,
  /** Null: has no end of its own. */
  days: z.number().int().nullable(),
  removed: z.number().int(),
  /** Too old and still there: what a run would remove, or could not. */
  due: z.number().int(),
  /** Too old, and kept by a legal hold. */
  held: z.number().int(),
  oldest: Instant.nullable(),
  /** Code of what went wrong. */
  failed: z.string().nullable(),
});

export const RetentionRule = z.strictObject({
  kind: RetentionKind,
  /** Null: it has no end of its own. */
  days: z.number().int().nullable(),
  /** From when the days are counted. */
  counted: z.string(),
  /** What happens then. */
  outcome: z.string(),
  /** Why it is kept so long, and no longer. */
  basis: z.string(),
});

/** What a kiosk has confirmed of its own purge of one kind. */
export const KioskPurge = z.strictObject({
  device: Uuid,
  name: z.string(),
  status: z.enum(['pending', 'approved', 'revoked']),
  lastHeardAt: Instant.nullable(),
  what: z.enum(['photos', 'gps']),
  /** Nothing older is there, as it says; null: it never said so. */
  purgedBefore: Instant.nullable(),
  confirmedAt: Instant.nullable(),
  removed: z.number().int(),
  /** Should have confirmed by now. A revoked kiosk can't any more, and is not overdue for ever. */
  overdue: z.boolean(),
});

export const Retention = z.strictObject({
  rules: z.array(RetentionRule),
  /** Days in which an erasure can be cancelled. */
  erasureUndoDays: z.number().int(),
  /** Null: none has run yet. */
  lastRun: z.strictObject({ at: Instant, rules: z.array(RuleReport) }).nullable(),
  kiosks: z.array(KioskPurge),
});

export const RetentionRun = z.strictObject({ rules: z.array(RuleReport) });

export const Hold = z.strictObject({
  id: Uuid,
  person: Uuid.nullable(),
  /** The person's; null also where it is erased, and for roles that may not read people. */
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

/** At least one of person, site, from and until. */
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

/** The server does this hourly by itself. */
export const runRetention = endpoint('POST /api/retention/run', {
  summary: 'Remove what is due now',
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
    /** Those that name this person. */
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
    /** Rows that are too old, and kept by this hold alone. */
    due: z.number().int(),
    /** Erasures that wait for it alone. */
    erasures: z.number().int(),
  }),
});

export const releaseHold = endpoint('POST /api/retention/holds/:hold/release', {
  summary: 'Release a hold; the data it kept is deleted in the next run',
  roles: ['admin', 'dpo', 'operator'],
  data: ['person.hold'],
});
