import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { Instant } from './page.ts';
import { SecondFactor } from './session.ts';

/** Accounts: people who sign in with a role above `person`. */

export const AccountRoleName = z.enum(['admin', 'dpo', 'staff', 'auditor']);

export const EmailAddress = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email({ pattern: z.regexes.unicodeEmail }));

export const AccountShape = z.strictObject({
  id: Uuid,
  role: AccountRoleName,
  /** Null: the account of the person who holds the server's own machine. */
  email: z.string().nullable(),
  /** Password and second factor are set. */
  enrolled: z.boolean(),
  madeAt: Instant,
  signedInAt: Instant.nullable(),
  disabledAt: Instant.nullable(),
});
export type AccountShape = z.infer<typeof AccountShape>;

export const AccountList = z.strictObject({ accounts: z.array(AccountShape) });

/** A one-time link as text, and as a QR code (SVG). */
export const SignInLink = z.strictObject({ url: z.string(), svg: z.string(), expiresAt: Instant });

export const NewAccount = z.strictObject({ email: EmailAddress, role: AccountRoleName });
export const NewAccountAnswer = z.strictObject({ account: AccountShape, link: SignInLink });

export const AccountChange = z
  .strictObject({ role: AccountRoleName.optional(), disabled: z.boolean().optional() })
  .refine((c) => c.role !== undefined || c.disabled !== undefined, 'must change something');

/** What someone signed in shows again before their sign-in changes; what is not set yet is left out. */
const Proof = { current: z.string().min(1).max(1024).optional(), code: SecondFactor.optional() };

export const OwnAccount = z.strictObject({
  account: AccountShape,
  hasPassword: z.boolean(),
  hasSecondFactor: z.boolean(),
  recoveryCodesLeft: z.number().int(),
});
export type OwnAccount = z.infer<typeof OwnAccount>;

export const SignInChange = z
  .strictObject({
    email: EmailAddress.optional(),
    password: z.string().min(1).max(1024).optional(),
    ...Proof,
  })
  .refine((c) => c.email !== undefined || c.password !== undefined, 'must change something');

export const TotpOffer = z.strictObject(Proof);
export const TotpOffered = z.strictObject({
  /** Base32, to type in. */
  secret: z.string(),
  /** `otpauth://…`, and the same as a QR code (SVG). */
  uri: z.string(),
  svg: z.string(),
});
export type TotpOffered = z.infer<typeof TotpOffered>;
export const TotpConfirm = z.strictObject({ code: z.string().trim().min(6).max(10) });

export const RecoveryCodesRequest = z.strictObject(Proof);
/** Shown once. Each works once in place of a code of the app. */
export const RecoveryCodes = z.strictObject({ codes: z.array(z.string()) });

/** Body of `POST /api/sign-in-links`: someone asks for a link to their own data. */
export const LinkRequest = z.strictObject({ email: z.string().trim().min(1).max(254) });

export const PersonLinkRequest = z.strictObject({
  /** Sends it to the person's address as well. */
  send: z.boolean().default(false),
});
