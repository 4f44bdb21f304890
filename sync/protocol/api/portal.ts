import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { AttendancePage } from './attendance.ts';
import { ConsentStanding, Language } from './consents.ts';
import { endpoint } from './endpoint.ts';
import { pageQuery } from './page.ts';
import { Person, PersonPatch, PROFILE } from './people.ts';

/** What people do with their own data: `/api/me`, `/api/gdpr/…`. These endpoints can't refer to anyone else. */

export const MyProfile = z.strictObject({
  ...Person.shape,
  /** A requested erasure. `undoUntil` null: it can't be cancelled. */
  erasure: z.strictObject({ request: z.string(), undoUntil: Instant.nullable() }).nullable(),
});
export type MyProfile = z.infer<typeof MyProfile>;

/** Other fields are set by the operator of the place. */
export const MyProfilePatch = PersonPatch.pick({ version: true, name: true, email: true, phone: true, language: true });

export const MyConsent = z.strictObject({ textVersion: z.string().min(1).max(40), language: Language });
export const MyConsentAnswer = z.strictObject({ standing: ConsentStanding });

/** A complaint that one of my records is wrong. */
export const NewComplaint = z.strictObject({ record: Uuid, message: z.string().trim().min(1).max(500) });
export const MyComplaint = z.strictObject({
  record: Uuid,
  at: Instant,
  message: z.string(),
  /** The answer of someone in charge; null: still waiting. */
  answer: z.strictObject({ at: Instant, note: z.string() }).nullable(),
});
export type MyComplaint = z.infer<typeof MyComplaint>;
export const MyComplaints = z.strictObject({ items: z.array(MyComplaint) });
export type MyComplaints = z.infer<typeof MyComplaints>;

/** A day of the site's calendar on which I was there. */
const MyDay = z.strictObject({
  day: z.iso.date(),
  site: z.string(),
  /** Null: not recorded. It is never estimated. */
  firstIn: Instant.nullable(),
  lastOut: Instant.nullable(),
  /** Minutes of visits with both ends; null: nobody checks out there. */
  minutes: z.number().int().nonnegative().nullable(),
  /** Visits without a check-out, once the day is over. */
  missing: z.number().int().nonnegative(),
});
export type MyDay = z.infer<typeof MyDay>;

/** Required by `DELETE /api/gdpr/delete/my-account` and requested before it, so that no single click erases anyone. */
export const ErasureConfirmation = z.strictObject({
  confirmation: z.string(),
  expiresAt: Instant,
  /** Days in which the erasure can be cancelled. Templates are deleted at once regardless. */
  undoDays: z.number().int(),
});
/** `undoUntil` null: it can't be cancelled. */
export const ErasureStarted = z.strictObject({ request: z.string(), undoUntil: Instant.nullable() });

/** A consent text that applies here, with the operator's names filled in. */
export const MyConsentText = z.strictObject({
  version: z.string(),
  language: Language,
  title: z.string(),
  paragraphs: z.array(z.string()),
});
export type MyConsentText = z.infer<typeof MyConsentText>;
/** The consent texts, one per language: the operator's own, or the one that ships. And who to ask. */
export const MyConsentTexts = z.strictObject({
  items: z.array(MyConsentText),
  /** A text is missing because it names the responsible organisation, which has not been entered. */
  unset: z.boolean(),
  controller: z.string().nullable(),
  contact: z.string().nullable(),
  dpo: z.string().nullable(),
});
export type MyConsentTexts = z.infer<typeof MyConsentTexts>;

export const getMyProfile = endpoint('GET /api/me', {
  summary: 'Show my profile',
  roles: ['person'],
  data: PROFILE,
  answer: MyProfile,
});

export const changeMyProfile = endpoint('PATCH /api/me', {
  summary: 'Correct my profile; kiosks are notified. The audit log contains neither old nor new values',
  roles: ['person'],
  data: PROFILE,
  body: MyProfilePatch,
  answer: MyProfile,
  errors: ['person-changed', 'name-unreadable'],
});

export const setMyGps = endpoint('PUT /api/me/gps', {
  summary: 'Set whether kiosks may record where I check in; an opt-out deletes stored positions immediately',
  roles: ['person'],
  data: ['gps'],
  body: z.strictObject({ optOut: z.boolean() }),
  answer: MyProfile,
});

export const listMyConsentTexts = endpoint('GET /api/me/consent-texts', {
  summary: 'Show what I can consent to here, and who to ask',
  roles: ['person'],
  data: [],
  answer: MyConsentTexts,
});

export const giveMyConsent = endpoint('POST /api/me/consent', {
  summary: 'Consent to a text; my face is enrolled later',
  roles: ['person'],
  data: ['consent'],
  body: MyConsent,
  answer: MyConsentAnswer,
  errors: ['consent-text-not-reviewed', 'consent-outdated', 'privacy-not-set'],
});

export const withdrawMyConsent = endpoint('POST /api/me/consent/withdraw', {
  summary: 'Withdraw my consent; my templates are deleted immediately, here and on every kiosk',
  roles: ['person'],
  data: ['consent', 'template'],
  answer: MyConsentAnswer,
});

export const listMyAttendance = endpoint('GET /api/me/attendance', {
  summary: 'List my records, newest first',
  roles: ['person'],
  data: ['attendance'],
  query: z.strictObject(pageQuery),
  answer: AttendancePage,
});

export const listMyDays = endpoint('GET /api/me/days', {
  summary: 'List how long I was on site on each day of a period, at every site, newest first',
  roles: ['person'],
  data: ['attendance'],
  query: z.strictObject({ from: z.iso.date(), to: z.iso.date() }),
  answer: z.strictObject({ items: z.array(MyDay) }),
  errors: ['no-such-day', 'period-too-long'],
});

export const exportMyData = endpoint('GET /api/gdpr/export/my-data', {
  summary: 'Export everything stored about me, as JSON, including photos',
  roles: ['person'],
  data: [...PROFILE, 'attendance', 'correction.reason', 'event', 'gps', 'photo', 'template', 'audit'],
  action: 'export',
  answer: 'file',
  limit: { max: 6, perMs: 60_000 },
});

export const confirmMyErasure = endpoint('POST /api/gdpr/delete/my-account/confirmation', {
  summary: 'Get the confirmation that an erasure request must contain',
  roles: ['person'],
  data: ['person.erasure'],
  action: 'read',
  answer: ErasureConfirmation,
});

export const requestMyErasure = endpoint('DELETE /api/gdpr/delete/my-account', {
  summary:
    'Request erasure of my data: templates are deleted immediately everywhere, the rest after the cancellation period',
  roles: ['person'],
  data: ['person', 'template', 'photo', 'attendance'],
  body: z.strictObject({ confirmation: z.string().max(200).optional() }),
  answer: ErasureStarted,
  errors: ['confirmation-needed'],
});

export const undoMyErasure = endpoint('POST /api/gdpr/delete/my-account/undo', {
  summary: 'Cancel my erasure request; my face must be enrolled again',
  roles: ['person'],
  data: ['person.erasure'],
  answer: MyProfile,
  errors: ['erasure-unknown', 'erasure-under-way'],
});

export const listConsentTextsFor = endpoint('GET /api/people/:person/consent-texts', {
  summary: 'Show the consent text as a person reads it, with the controller and retention periods filled in',
  roles: ['admin', 'staff'],
  data: ['person.name'],
  answer: MyConsentTexts,
});

export const listMyComplaints = endpoint('GET /api/me/complaints', {
  summary: 'List the records I reported as wrong, with the replies',
  roles: ['person'],
  data: ['attendance', 'complaint.message', 'attention.note'],
  answer: MyComplaints,
});

export const addMyComplaint = endpoint('POST /api/me/complaints', {
  summary: 'Report one of my records as wrong; staff review it. The record is never edited: a correction is added',
  roles: ['person'],
  data: ['attendance', 'complaint.message', 'attention.note'],
  body: NewComplaint,
  answer: MyComplaints,
  errors: ['record-unknown', 'complaints-waiting'],
  limit: { max: 20, perMs: 60_000 },
});
