import { z } from 'zod';
import { BadgeNumber } from '../wire/changes.ts';
import { Uuid } from '../wire/event.ts';
import { Instant } from './page.ts';

/** Cards and badges of a person, and the code on their own page. */

export const Credential = z.strictObject({
  id: Uuid,
  kind: z.enum(['card', 'badge']),
  /** Of a badge that counts. */
  number: z.string().nullable(),
  issuedAt: Instant,
  /** It opens nothing any more. */
  revokedAt: Instant.nullable(),
});
export type Credential = z.infer<typeof Credential>;
export const Credentials = z.strictObject({
  items: z.array(Credential),
  /** Their face templates are on a card: what is held here opens with it alone. Null: they have no such card. */
  templateCard: z.strictObject({ id: Uuid, madeAt: Instant }).nullable(),
});
export type Credentials = z.infer<typeof Credentials>;

/** All that goes onto a printed card. `text` is what its QR code holds; it is shown this once, and kept nowhere. */
export const PrintableCard = z.strictObject({
  id: Uuid,
  name: z.string().nullable(),
  number: z.string().nullable(),
  text: z.string(),
  issuedAt: Instant,
});
export type PrintableCard = z.infer<typeof PrintableCard>;

/** Whether someone has a PIN, and a code by which they choose one at a kiosk. */
export const PinCodeAnswer = z.strictObject({
  code: z.strictObject({ issuedAt: Instant, expiresAt: Instant }).nullable(),
  /** The PIN that counts at every kiosk of their sites, and where it was chosen; null: none that is known here. */
  pin: z.strictObject({ chosenAt: Instant, device: Uuid.nullable() }).nullable(),
});
export type PinCodeAnswer = z.infer<typeof PinCodeAnswer>;
/** The code itself: shown this once, to be handed over with the number that it goes with. */
export const IssuedPinCode = z.strictObject({
  name: z.string().nullable(),
  number: z.string(),
  code: z.string().regex(/^[0-9]{12}$/),
  issuedAt: Instant,
  expiresAt: Instant,
});
export type IssuedPinCode = z.infer<typeof IssuedPinCode>;

export const NewBadge = z.strictObject({ number: BadgeNumber.trim() });

/** The code of someone's own page. A page asks for the next one before `expiresAt`. */
export const OwnCode = z.strictObject({ text: z.string(), issuedAt: Instant, expiresAt: Instant });
export type OwnCode = z.infer<typeof OwnCode>;
