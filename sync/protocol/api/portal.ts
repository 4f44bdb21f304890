import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { ConsentStanding, Language } from './consents.ts';
import { Instant } from './page.ts';
import { Person, PersonPatch } from './people.ts';

/** What a person does with their own data: `/api/me`, `/api/gdpr/…`. Nobody else can be named in any of it. */

export const MyProfile = z.strictObject({
  ...Person.shape,
  /** Asked for. `undoUntil` null: it can't be taken back. */
  erasure: z.strictObject({ request: z.string(), undoUntil: Instant.nullable() }).nullable(),
});
export type MyProfile = z.infer<typeof MyProfile>;

/** Number and badge are given by the operator of the place. */
export const MyProfilePatch = PersonPatch.omit({ number: true, badge: true, gpsOptOut: true });

export const MyGps = z.strictObject({ optOut: z.boolean() });

export const MyConsent = z.strictObject({ textVersion: z.string().min(1).max(40), language: Language });
export const MyConsentAnswer = z.strictObject({ standing: ConsentStanding });

/** "That was wrong", of one of my records, in words. */
export const NewComplaint = z.strictObject({ record: Uuid, words: z.string().trim().min(1).max(500) });
export const MyComplaint = z.strictObject({
  record: Uuid,
  at: Instant,
  words: z.string(),
  /** What someone in charge did about it; null: it waits. */
  answer: z.strictObject({ at: Instant, note: z.string() }).nullable(),
});
export type MyComplaint = z.infer<typeof MyComplaint>;
export const MyComplaints = z.strictObject({ items: z.array(MyComplaint) });
export type MyComplaints = z.infer<typeof MyComplaints>;

/** What `DELETE /api/gdpr/delete/my-account` has to be given: asked for first, so that no single click erases anybody. */
export const ErasureConfirmation = z.strictObject({
  confirmation: z.string(),
  expiresAt: Instant,
  /** Days in which it can still be taken back; templates go at once all the same. */
  undoDays: z.number().int(),
});
export const ErasureDemand = z.strictObject({ confirmation: z.string().max(200).optional() });
/** `undoUntil` null: it can't be taken back. */
export const ErasureBegun = z.strictObject({ request: z.string(), undoUntil: Instant.nullable() });

/** A text that one may agree to here, with the names of the operator of the place in it. */
export const MyConsentText = z.strictObject({
  version: z.string(),
  language: Language,
  title: z.string(),
  paragraphs: z.array(z.string()),
});
export type MyConsentText = z.infer<typeof MyConsentText>;
/** What may be agreed to, a text a language; none: only at a kiosk, which has a text of its own. And who to ask. */
export const MyConsentTexts = z.strictObject({
  items: z.array(MyConsentText),
  /** A text is left out, since it names who runs the place, and nobody has said who does. */
  unset: z.boolean(),
  controller: z.string().nullable(),
  contact: z.string().nullable(),
  dpo: z.string().nullable(),
});
export type MyConsentTexts = z.infer<typeof MyConsentTexts>;
