import { z } from 'zod';
import { ConsentStanding, Language } from './consents.ts';
import { Instant } from './page.ts';
import { Person, PersonPatch } from './people.ts';

/** What a person does with their own data: `/api/me`, `/api/gdpr/…`. Nobody else can be named in any of it. */

export const MyProfile = z.strictObject({
  ...Person.shape,
  /** Under way, while it can be taken back. */
  erasure: z.strictObject({ request: z.string(), undoUntil: Instant }).nullable(),
});
export type MyProfile = z.infer<typeof MyProfile>;

/** Number and badge are given by whoever runs the place. */
export const MyProfilePatch = PersonPatch.omit({ number: true, badge: true, gpsOptOut: true });

export const MyGps = z.strictObject({ optOut: z.boolean() });

export const MyConsent = z.strictObject({ textVersion: z.string().min(1).max(40), language: Language });
export const MyConsentAnswer = z.strictObject({ standing: ConsentStanding });

/** What `DELETE /api/gdpr/delete/my-account` has to be given: asked for first, so that no single click erases anybody. */
export const ErasureConfirmation = z.strictObject({
  confirmation: z.string(),
  expiresAt: Instant,
  /** Days in which it can still be taken back; templates go at once all the same. */
  undoDays: z.number().int(),
});
export const ErasureDemand = z.strictObject({ confirmation: z.string().max(200).optional() });
export const ErasureBegun = z.strictObject({ request: z.string(), undoUntil: Instant });
