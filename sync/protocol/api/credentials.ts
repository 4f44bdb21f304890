import { z } from 'zod';
import { BadgeNumber } from '../wire/changes.ts';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** A person's cards and badges, and the code on their own page. */

export const Credential = z.strictObject({
  id: Uuid,
  kind: z.enum(['card', 'badge']),
  /** Only for a valid badge. */
  number: z.string().nullable(),
  issuedAt: Instant,
  /** When it stopped being valid. */
  revokedAt: Instant.nullable(),
});
export type Credential = z.infer<typeof Credential>;
export const Credentials = z.strictObject({
  items: z.array(Credential),
  /** Their face templates are on a card: the ciphertext stored here opens only with it. Null: they have no such card. */
  templateCard: z.strictObject({ id: Uuid, madeAt: Instant }).nullable(),
});
export type Credentials = z.infer<typeof Credentials>;

/** Everything printed on a card. `text` is the content of its QR code, returned only once and never stored. */
export const PrintableCard = z.strictObject({
  id: Uuid,
  name: z.string().nullable(),
  number: z.string().nullable(),
  text: z.string(),
  issuedAt: Instant,
});
export type PrintableCard = z.infer<typeof PrintableCard>;

/** Whether someone has a PIN, and a code for choosing one at a kiosk. */
export const PinCodeAnswer = z.strictObject({
  code: z.strictObject({ issuedAt: Instant, expiresAt: Instant }).nullable(),
  /** The PIN valid at all kiosks of their sites, and where it was chosen; null: none known here. */
  pin: z.strictObject({ chosenAt: Instant, device: Uuid.nullable() }).nullable(),
});
/** The code itself, returned only once, to be handed over with the person's number. */
export const IssuedPinCode = z.strictObject({
  name: z.string().nullable(),
  number: z.string(),
  code: z.string().regex(/^[0-9]{12}$/),
  issuedAt: Instant,
  expiresAt: Instant,
});
export type IssuedPinCode = z.infer<typeof IssuedPinCode>;

/** The code on a person's own page. The page requests the next one before `expiresAt`. */
export const OwnCode = z.strictObject({ text: z.string(), issuedAt: Instant, expiresAt: Instant });
export type OwnCode = z.infer<typeof OwnCode>;

const pinCode = { roles: ['admin', 'staff'], data: ['credential'], answer: PinCodeAnswer } as const;

export const getPinCode = endpoint('GET /api/people/:person/pin-code', {
  ...pinCode,
  summary: 'Show whether a person has a PIN or an open PIN code, and until when; never the PIN or code itself',
});

export const issuePinCode = endpoint('POST /api/people/:person/pin-code', {
  summary: 'Create a one-time code for choosing a PIN at a kiosk; it is shown once and replaces an earlier one',
  roles: ['admin', 'staff'],
  data: ['credential', 'person.name', 'person.number'],
  answer: IssuedPinCode,
  errors: ['pin-without-number'],
});

export const withdrawPinCode = endpoint('DELETE /api/people/:person/pin-code', {
  ...pinCode,
  summary: 'Cancel a PIN code; kiosks stop accepting it when they next connect. A PIN already chosen stays valid',
});

export const withdrawPin = endpoint('DELETE /api/people/:person/pin', {
  ...pinCode,
  summary: 'Remove a PIN; kiosks stop accepting it when they next connect',
});

export const listCredentials = endpoint('GET /api/people/:person/credentials', {
  summary: 'List a person’s cards and badges, including revoked ones; never the content of a card',
  roles: ['admin', 'dpo', 'staff'],
  data: ['credential', 'person.badge'],
  answer: Credentials,
});

export const createCard = endpoint('POST /api/people/:person/cards', {
  summary: 'Issue a card and return what is printed on it; its code is shown once, and anyone holding it can check in',
  roles: ['admin', 'staff'],
  data: ['credential', 'person.name', 'person.number'],
  answer: PrintableCard,
  errors: ['too-many-credentials'],
});

export const addBadge = endpoint('POST /api/people/:person/badges', {
  summary: 'Add a badge to a person, by its number',
  roles: ['admin', 'staff'],
  data: ['credential', 'person.badge'],
  body: z.strictObject({ number: BadgeNumber.trim() }),
  answer: Credentials,
  errors: ['too-many-credentials'],
});

export const revokeCredential = endpoint('DELETE /api/people/:person/credentials/:credential', {
  summary: 'Revoke a card or badge; kiosks stop accepting it when they next connect',
  roles: ['admin', 'staff'],
  data: ['credential', 'person.badge'],
  answer: Credentials,
  errors: ['person-unknown'],
});

export const createMyCode = endpoint('POST /api/me/qr', {
  summary: 'Create a code to check in with, valid for one minute and once at each kiosk',
  roles: ['person'],
  data: ['credential'],
  answer: OwnCode,
  limit: { max: 20, perMs: 60_000 },
});

export const listMyCredentials = endpoint('GET /api/me/credentials', {
  summary: 'List my cards and badges',
  roles: ['person'],
  data: ['credential', 'person.badge'],
  answer: Credentials,
});

export const revokeMyCredential = endpoint('DELETE /api/me/credentials/:credential', {
  summary: 'Report my card or badge as lost; it is revoked',
  roles: ['person'],
  data: ['credential', 'person.badge'],
  answer: Credentials,
});
