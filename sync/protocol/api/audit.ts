import { z } from 'zod';
import { Instant } from '../wire/event.ts';
import { dataKinds } from './data-kinds.ts';
import { AUDIT_ACTIONS, endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** `/api/audit`: reading and verifying the audit log. */

/** Kinds of actors in audit rows. */
export const AUDIT_ROLES = [
  'admin',
  'dpo',
  'staff',
  'auditor',
  'person',
  'device',
  'kiosk-staff',
  'emergency-pin',
  'operator',
  'system',
  'nobody',
] as const;

const Term = z.string().trim().min(1).max(200);

/** Filter conditions; all conditions given must match. */
export const auditFilter = {
  from: Instant.optional(),
  /** Exclusive. */
  to: Instant.optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  role: z.enum(AUDIT_ROLES).optional(),
  /** The account, device, person or member of kiosk staff that did it. */
  who: z.uuid().optional(),
  affected: z.uuid().optional(),
  /** The person who did it, or who it was about. */
  person: z.uuid().optional(),
  email: Term.optional(),
  ip: Term.optional(),
  /** Prefix of it, e.g. `GET /api/people`. */
  route: Term.optional(),
  resource: Term.optional(),
  data: z.enum(dataKinds).optional(),
  outcome: Term.optional(),
};

export const AuditRowView = z.strictObject({
  position: z.number().int().positive(),
  at: Instant,
  action: z.string(),
  role: z.string(),
  /** Account, device, person or member of kiosk staff; null if there is none, or it is hidden. */
  actor: z.string().nullable(),
  /** Name of a member of kiosk staff; null: another kind of actor, or a member whose name was deleted. */
  name: z.string().nullable(),
  email: z.string().nullable(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  /** The actor is a person, encrypted under their own key. Search for them by id. */
  hidden: z.boolean(),
  route: z.string(),
  resource: z.string().nullable(),
  data: z.array(z.string()),
  count: z.number().int().nonnegative(),
  everyone: z.boolean(),
  outcome: z.string(),
});

/** One row, and who it was about if their key still exists. */
export const AuditRowDetail = z.strictObject({
  row: AuditRowView,
  people: z.array(z.uuid()),
  /** Number of people erased since. */
  unknown: z.number().int().nonnegative(),
});

const Place = z.strictObject({
  position: z.number().int().nonnegative(),
  follows: z.array(z.base64url().max(43)).max(4),
});
/** Continues the verification where the previous part ended; absent: from the beginning. */
export const VerifyRequest = z.strictObject({ from: Place.nullable().default(null) });
export const VerifyFault = z.strictObject({
  code: z.string(),
  position: z.number().int().nonnegative(),
  message: z.string(),
});
export const VerifyAnswer = z.strictObject({
  rows: z.number().int().nonnegative(),
  last: z.number().int().nonnegative(),
  faults: z.array(VerifyFault),
  next: Place.nullable(),
});
/** What the end of the log is compared with: anchors outside the database. */
export const AnchorsAnswer = z.strictObject({
  anchors: z.strictObject({
    database: z.number().int(),
    folder: z.number().int(),
    /** Null: no object store. */
    objects: z.number().int().nullable(),
  }),
  notes: z.array(z.string()),
  faults: z.array(VerifyFault),
});

/** Only for those responsible for the data and those who audit them, not for people who only appear in the log. */
export const searchAudit = endpoint('GET /api/audit', {
  summary: 'Search the audit log, newest first',
  roles: ['dpo', 'auditor', 'operator'],
  data: ['audit'],
  query: z.strictObject({ ...auditFilter, ...sortedQuery(['position'], '-position') }),
  answer: countedPageOf(AuditRowView),
});

export const getAuditRow = endpoint('GET /api/audit/rows/:position', {
  summary: 'Show one row of the audit log, and who it was about unless they have been erased',
  roles: ['dpo', 'auditor', 'operator'],
  data: ['audit', 'audit.subjects'],
  params: { position: z.coerce.number().int().positive() },
  answer: AuditRowDetail,
});

export const exportAudit = endpoint('GET /api/audit/export', {
  summary: 'Export every matching row, newest first, as one JSON object per line',
  roles: ['dpo', 'auditor', 'operator'],
  data: ['audit'],
  action: 'export',
  query: z.strictObject(auditFilter),
  answer: 'file',
});

export const verifyAudit = endpoint('POST /api/audit/verify', {
  summary: 'Verify part of the audit log’s chain, and say where to continue',
  roles: ['dpo', 'auditor', 'operator'],
  data: [],
  action: 'read',
  body: VerifyRequest,
  answer: VerifyAnswer,
});

export const compareAnchors = endpoint('GET /api/audit/anchors', {
  summary: 'Compare the audit log with its anchors outside the database',
  roles: ['dpo', 'auditor', 'operator'],
  data: [],
  answer: AnchorsAnswer,
  limit: { max: 10, perMs: 60_000 },
});
