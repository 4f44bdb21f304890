import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** Consents, and the customer's own consent texts by version and language. */

export const Language = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);

/** How it was recorded: by a kiosk, by staff for the person, by the person in the portal, or by an import. */
export const ConsentVia = z.enum(['kiosk', 'staff', 'person', 'import']);

/** The person who consents for someone below the age of consent. */
export const Guardian = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** For example `mother`, as worded by the person who enters it. */
  relation: z.string().trim().min(1).max(60),
});
export type Guardian = z.infer<typeof Guardian>;
/** A guardian being entered. */
export const NewGuardian = Guardian.extend({ name: givenName(200) });

export const Consent = z.strictObject({
  id: Uuid,
  person: Uuid,
  action: z.enum(['given', 'withdrawn']),
  textVersion: z.string(),
  language: z.string(),
  at: Instant,
  via: ConsentVia,
  device: Uuid.nullable(),
  guardian: Guardian.nullable(),
  /** For an import: the operator's statement of its basis. */
  basis: z.string().nullable(),
});
export type Consent = z.infer<typeof Consent>;

export const ConsentStanding = z.enum(['given', 'withdrawn', 'none']);
export const ConsentPage = countedPageOf(
  z.strictObject({
    ...Consent.shape,
    /** Null: unknown, or erased since. */
    name: z.string().nullable(),
  }),
);

/** Recorded for someone who consented in front of staff: to which text, in which language. */
export const NewConsent = z.strictObject({
  textVersion: z.string().min(1).max(40),
  language: Language,
  guardian: NewGuardian.optional(),
});
export const ConsentAnswer = z.strictObject({ person: Uuid, standing: ConsentStanding });

/** Short, because kiosks append how long the site keeps photos. */
export const TextVersion = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,19}$/);

export const NewConsentText = z.strictObject({
  version: TextVersion,
  language: Language,
  title: z.string().trim().min(1).max(200),
  /** Kiosks fill in `{controller}`, `{contact}`, `{dpo}` and `{photoDays}`. */
  paragraphs: z.array(z.string().trim().min(1).max(2000)).min(1).max(20),
});
export type NewConsentText = z.infer<typeof NewConsentText>;

export const ConsentText = z.strictObject({
  ...NewConsentText.shape,
  /** A text is sent to kiosks and can be consented to only once someone has reviewed it. */
  reviewed: z.boolean(),
  reviewedAt: Instant.nullable(),
  madeAt: Instant,
  /** Kiosks show it now. */
  inForce: z.boolean(),
});
export type ConsentText = z.infer<typeof ConsentText>;

export const ConsentTextList = z.strictObject({
  items: z.array(ConsentText),
  /** The text that ships, in all its languages. In force while no text of the customer's own is. */
  shipped: z.array(NewConsentText.omit({ version: true })),
  shippedVersion: z.string(),
  /** When all its languages were adopted; null: not adopted in this version. */
  adoptedAt: Instant.nullable(),
  /** What kiosks insert for `{controller}` etc.; values not entered yet are missing. */
  filledIn: z.record(z.string(), z.string()),
});
export type ConsentTextList = z.infer<typeof ConsentTextList>;

export const ConsentQuery = z.strictObject({
  ...sortedQuery(['receivedAt', 'at'], '-receivedAt'),
  person: Uuid.optional(),
  action: Consent.shape.action.optional(),
  /** Applies to `at`. */
  from: Instant.optional(),
  /** Exclusive. */
  to: Instant.optional(),
});

export const listConsents = endpoint('GET /api/consents', {
  summary: 'List consents and withdrawals, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: ['consent', 'consent.guardian', 'person.name'],
  query: ConsentQuery,
  answer: ConsentPage,
});

export const recordConsent = endpoint('POST /api/people/:person/consents', {
  summary: 'Record the consent a person gave to staff',
  roles: ['admin', 'staff'],
  data: ['consent', 'consent.guardian'],
  body: NewConsent,
  answer: ConsentAnswer,
  errors: ['consent-text-not-reviewed', 'consent-outdated', 'privacy-not-set', 'guardian-required', 'name-unreadable'],
});

export const withdrawConsent = endpoint('POST /api/people/:person/consents/withdraw', {
  summary: 'Record that a person withdrew consent; their templates are deleted immediately, here and on every kiosk',
  roles: ['admin', 'dpo', 'staff'],
  data: ['consent', 'template'],
  answer: ConsentAnswer,
});

export const listConsentTexts = endpoint('GET /api/consent-texts', {
  summary: 'List the customer’s own consent texts, newest first',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  answer: ConsentTextList,
});

export const adoptConsentTexts = endpoint('POST /api/consent-texts/adopt', {
  summary: 'Adopt the text that ships, after reading it in each of its languages',
  roles: ['admin', 'dpo'],
  data: [],
  /** The version that was read: `shippedVersion`. */
  body: z.strictObject({ version: z.string().max(40) }),
  answer: ConsentTextList,
  errors: ['consent-outdated'],
});

export const addConsentText = endpoint('POST /api/consent-texts', {
  summary: 'Add a consent text; kiosks receive it once it has been reviewed',
  roles: ['admin', 'dpo'],
  data: [],
  body: NewConsentText,
  maxBody: 256 * 1024,
  answer: ConsentTextList,
  errors: ['consent-text-exists'],
});

export const reviewConsentText = endpoint('POST /api/consent-texts/:version/:language/review', {
  summary: 'Mark a consent text as reviewed; people can consent to it from now on',
  roles: ['dpo'],
  data: [],
  params: { version: TextVersion, language: Language },
  answer: ConsentTextList,
  errors: ['consent-texts-too-long'],
});
