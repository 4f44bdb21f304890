import { z } from 'zod';
import { Instant } from '../wire/event.ts';
import { auditFilter } from './audit.ts';
import { dataKinds } from './data-kinds.ts';
import { endpoint } from './endpoint.ts';
import { LANGUAGES } from './languages.ts';
import { pageOf, pageQuery } from './page.ts';

/** `/api/incidents`: security incidents and who they affect. */

const Text = z.string().trim().max(10_000);
const Title = z.string().trim().min(1).max(200);
export const Severity = z.enum(['low', 'medium', 'high', 'critical']);
const Kinds = z.array(z.enum(dataKinds)).max(dataKinds.length);

/** Documentation of an incident. Empty: not written yet. */
const texts = {
  title: Title,
  description: Text,
  /** Possible consequences for people. */
  consequences: Text,
  /** Measures taken and planned. */
  measures: Text,
  /** Why the authority need not be notified (Art. 33(1) GDPR), or was notified late. */
  authorityReason: Text,
  /** Why the people affected need not be notified (Art. 34(3) GDPR). */
  peopleReason: Text,
};

const times = {
  /** When it became known that personal data is affected. The 72 hours start here. */
  foundAt: Instant,
  beganAt: Instant.nullable(),
  endedAt: Instant.nullable(),
};

export const OpenIncident = z.strictObject({
  title: Title,
  description: Text.default(''),
  severity: Severity,
  foundAt: Instant,
  beganAt: Instant.nullable().default(null),
  endedAt: Instant.nullable().default(null),
  data: Kinds.default([]),
});

export const ChangeIncident = z.strictObject({
  /** Version of the incident as it was read: fails if it was changed in the meantime. */
  version: z.number().int().positive(),
  ...z.strictObject({ severity: Severity, ...times, data: Kinds, ...texts }).partial().shape,
});

/** Selects the audit rows that show who is affected. All conditions given must match. */
export const IncidentScope = z
  .strictObject(auditFilter)
  .pick({ from: true, to: true, who: true, role: true, action: true, route: true, resource: true, data: true })
  .refine((scope) => Object.keys(scope).length > 0, 'names no condition: that would be everybody');
export type IncidentScope = z.infer<typeof IncidentScope>;

/** The deadline of Art. 33. `not-needed`: a reason why not was documented. */
export const Clock = z.strictObject({
  dueAt: Instant,
  state: z.enum(['running', 'overdue', 'in-time', 'late', 'not-needed']),
  /** Milliseconds; negative if overdue. 0 once it has stopped. */
  remainingMs: z.number().int(),
});

/** Kinds of entries in an incident's timeline. */
export const ENTRY_KINDS = [
  'opened',
  'changed',
  'note',
  'scope',
  'scope-removed',
  'authority-notified',
  'people-notified',
  'contained',
  'closed',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

const Entry = z.strictObject({
  id: z.uuid(),
  at: Instant,
  /** One of `ENTRY_KINDS`, or a value written by an older build. */
  kind: z.string(),
  byRole: z.string(),
  byId: z.uuid().nullable(),
  /** E-mail address of the account; null: not done by an account, or it was removed. */
  byEmail: z.string().nullable(),
  /** For a scope: its conditions as JSON. */
  text: z.string(),
});

const summary = {
  id: z.uuid(),
  title: Title,
  severity: Severity,
  state: z.enum(['open', 'contained', 'closed']),
  ...times,
  openedAt: Instant,
  clock: Clock,
};
export const IncidentSummary = z.strictObject(summary);

export const Incident = z.strictObject({
  ...summary,
  ...texts,
  version: z.number().int().positive(),
  data: Kinds,
  containedAt: Instant.nullable(),
  authorityAt: Instant.nullable(),
  peopleAt: Instant.nullable(),
  closedAt: Instant.nullable(),
  scopes: z.array(z.strictObject({ id: z.uuid(), scope: IncidentScope })),
  timeline: z.array(Entry),
});
export type Incident = z.infer<typeof Incident>;

export const AffectedPeople = z.strictObject({
  people: z.array(
    z.strictObject({
      person: z.uuid(),
      /** Null: the person has none. */
      name: z.string().nullable(),
      email: z.string().nullable(),
      rows: z.number().int(),
      first: Instant,
      last: Instant,
      data: z.array(z.string()),
    }),
  ),
  /** Number of audit rows searched. */
  rows: z.number().int(),
  everyone: z.boolean(),
  /** People erased since then, counted per day: the same person counts once per day. */
  unknown: z.number().int(),
});

export const NoticeLanguage = z.enum(LANGUAGES);
export type NoticeLanguage = z.infer<typeof NoticeLanguage>;

export const NoticeQuery = z.strictObject({
  to: z.enum(['authority', 'people']),
  language: NoticeLanguage.default('en'),
});
export const Notice = z.strictObject({
  /** Markdown. Gaps to fill in are marked `[…]`. */
  text: z.string(),
  /** What still has to be filled in. */
  missing: z.array(z.string()),
  /** Whether the controller and the contacts are set. */
  contacts: z.boolean(),
});
export type Notice = z.infer<typeof Notice>;

export const Notified = z.strictObject({
  to: z.enum(['authority', 'people']),
  /** Null: they were not notified, and it was recorded by mistake. */
  at: Instant.nullable(),
});

export const ServerKeyPurpose = z.enum(['signing', 'sealing', 'ca', 'qr', 'pin']);
export const Contain = z.strictObject({
  /** The server's keys to replace at once. */
  rotate: z.array(ServerKeyPurpose).max(5).default(['signing', 'sealing', 'qr']),
  /** Also retires the old keys: kiosks that know no newer ones are cut off and have to be set up again. */
  retire: z.boolean().default(false),
  devices: z.array(z.uuid()).max(1000).default([]),
  /** Accounts whose sessions are ended and whose links are revoked. */
  accounts: z.array(z.uuid()).max(1000).default([]),
  /** Ends everyone's sessions. */
  everySession: z.boolean().default(false),
});
export type Contain = z.infer<typeof Contain>;
export const Contained = z.strictObject({
  done: z.array(z.string()),
  failed: z.array(z.strictObject({ what: z.string(), code: z.string(), message: z.string() })),
  /** What this can't do and a person has to do. */
  next: z.array(z.string()),
});
export type Contained = z.infer<typeof Contained>;

export const listIncidents = endpoint('GET /api/incidents', {
  summary: 'List incidents, newest first, each with its 72-hour deadline',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['incident'],
  query: z.strictObject(pageQuery),
  answer: pageOf(IncidentSummary),
});

export const openIncident = endpoint('POST /api/incidents', {
  summary: 'Open an incident; the 72 hours run from its discovery',
  roles: ['admin', 'dpo', 'operator'],
  data: ['incident'],
  body: OpenIncident,
  answer: Incident,
  errors: ['incident-times-wrong'],
});

export const getIncident = endpoint('GET /api/incidents/:incident', {
  summary: 'Show an incident with its timeline',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['incident'],
  params: { incident: z.uuid() },
  answer: Incident,
});

const documenting = {
  roles: ['admin', 'dpo', 'operator'],
  data: ['incident'],
  params: { incident: z.uuid() },
  answer: Incident,
} as const;

export const changeIncident = endpoint('PATCH /api/incidents/:incident', {
  ...documenting,
  summary: 'Change an incident’s documentation',
  body: ChangeIncident,
  errors: ['incident-closed', 'incident-changed', 'incident-times-wrong'],
});

export const addIncidentNote = endpoint('POST /api/incidents/:incident/notes', {
  ...documenting,
  summary: 'Add a note to the timeline',
  body: z.strictObject({ text: z.string().trim().min(1).max(10_000) }),
});

export const addIncidentScope = endpoint('POST /api/incidents/:incident/scopes', {
  ...documenting,
  summary: 'Add a scope: which audit log rows show who is affected',
  body: IncidentScope,
  errors: ['incident-closed'],
});

export const removeIncidentScope = endpoint('DELETE /api/incidents/:incident/scopes/:scope', {
  summary: 'Remove a scope',
  roles: ['admin', 'dpo'],
  data: ['incident'],
  params: { incident: z.uuid(), scope: z.uuid() },
  answer: Incident,
  errors: ['incident-unknown', 'incident-closed'],
});

export const listAffected = endpoint('GET /api/incidents/:incident/affected', {
  summary: 'List the people affected, found in the audit log',
  roles: ['dpo', 'operator'],
  data: ['incident', 'audit.subjects', 'person.name', 'person.email'],
  params: { incident: z.uuid() },
  answer: AffectedPeople,
});

export const getIncidentNotice = endpoint('GET /api/incidents/:incident/notice', {
  summary: 'Draft the notice to the authority or to the people affected',
  roles: ['admin', 'dpo', 'operator'],
  data: ['incident'],
  params: { incident: z.uuid() },
  query: NoticeQuery,
  answer: Notice,
});

export const recordNotified = endpoint('POST /api/incidents/:incident/notified', {
  ...documenting,
  summary: 'Record when the authority or the people affected were notified',
  body: Notified,
  errors: ['incident-closed', 'incident-times-wrong'],
});

export const containIncident = endpoint('POST /api/incidents/:incident/contain', {
  summary: 'Contain an incident: replace server keys, revoke kiosks, end sessions; each step is added to the timeline',
  roles: ['admin', 'dpo', 'operator'],
  data: ['incident'],
  action: 'operate',
  params: { incident: z.uuid() },
  body: Contain,
  answer: Contained,
  errors: ['incident-closed'],
});

export const closeIncident = endpoint('POST /api/incidents/:incident/close', {
  ...documenting,
  summary: 'Close a fully documented incident',
  errors: ['incident-closed', 'incident-not-documented'],
});
