import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** Consents, and the customer's own text of them by version and language. */

export const Language = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);

/** Who put it on record: a kiosk's event, staff at the person's word, the person in the portal, or an import by the operator's word. */
export const ConsentVia = z.enum(['kiosk', 'staff', 'person', 'import']);

/** Who consents for someone below the age of consent. */
export const Guardian = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** e.g. `mother`, in the words of the person who writes it down. */
  relation: z.string().trim().min(1).max(60),
});
export type Guardian = z.infer<typeof Guardian>;
/** As entered. */
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
  /** For an import: what the operator bases it on. */
  basis: z.string().nullable(),
});
export type Consent = z.infer<typeof Consent>;

export const ConsentStanding = z.enum(['given', 'withdrawn', 'none']);
export const ConsentPage = countedPageOf(
  z.strictObject({
    ...Consent.shape,
    /** Null: not known, or erased since. */
    name: z.string().nullable(),
  }),
);

/** On behalf of someone who consented towards staff: to which text, in which language. */
export const NewConsent = z.strictObject({
  textVersion: z.string().min(1).max(40),
  language: Language,
  guardian: NewGuardian.optional(),
});
export const ConsentAnswer = z.strictObject({ person: Uuid, standing: ConsentStanding });

/** Short, so that what a site keeps of photos can be added to it on the kiosk. */
export const TextVersion = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,19}$/);

export const NewConsentText = z.strictObject({
  version: TextVersion,
  language: Language,
  title: z.string().trim().min(1).max(200),
  /** `{controller}`, `{contact}`, `{dpo}` and `{photoDays}` are filled in on the kiosk. */
  paragraphs: z.array(z.string().trim().min(1).max(2000)).min(1).max(20),
});
export type NewConsentText = z.infer<typeof NewConsentText>;

export const ConsentText = z.strictObject({
  ...NewConsentText.shape,
  /** Kiosks get a text, and people may agree to it, only once someone has reviewed it. */
  reviewed: z.boolean(),
  reviewedAt: Instant.nullable(),
  madeAt: Instant,
  /** Kiosks show it now. */
  inForce: z.boolean(),
});
export type ConsentText = z.infer<typeof ConsentText>;

export const ConsentTextList = z.strictObject({
  items: z.array(ConsentText),
  /** The text that ships, in each of its languages: in force while no text of your own is. */
  shipped: z.array(NewConsentText.omit({ version: true })),
  shippedVersion: z.string(),
  /** Since when all of them are adopted; null: no one has, in this version. */
  adoptedAt: Instant.nullable(),
  /** What kiosks insert for `{controller}` and the like; what has not been entered yet is missing. */
  filledIn: z.record(z.string(), z.string()),
});
export type ConsentTextList = z.infer<typeof ConsentTextList>;

export const ConsentQuery = z.strictObject({
  ...sortedQuery(['receivedAt', 'at'], '-receivedAt'),
  person: Uuid.optional(),
  action: Consent.shape.action.optional(),
  /** Of `at`. */
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
  /** What was read: `shippedVersion`. */
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
