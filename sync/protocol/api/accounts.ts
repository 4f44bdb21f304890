import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { SecondFactor } from './session.ts';

/** Accounts: people who sign in with any role except `person`. */

export const AccountRoleName = z.enum(['admin', 'dpo', 'staff', 'auditor']);

export const EmailAddress = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email({ pattern: z.regexes.unicodeEmail }));

export const AccountShape = z.strictObject({
  id: Uuid,
  role: AccountRoleName,
  /** Null: the account of the person who operates the server's own machine. */
  email: z.string().nullable(),
  /** Password and second factor are set. */
  enrolled: z.boolean(),
  madeAt: Instant,
  signedInAt: Instant.nullable(),
  disabledAt: Instant.nullable(),
});
export type AccountShape = z.infer<typeof AccountShape>;

/** Where an account is signed in. */
export const AccountSession = z.strictObject({
  id: Uuid,
  startedAt: Instant,
  /** Accurate to half a minute. */
  lastUsedAt: Instant,
  /** Network address and browser at sign-in, as the browser reported itself; null: not known. */
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  /** It is the session that asks. */
  own: z.boolean(),
});
export type AccountSession = z.infer<typeof AccountSession>;

/** A one-time link as text and as a QR code (SVG). */
export const SignInLink = z.strictObject({ url: z.string(), svg: z.string(), expiresAt: Instant });

export const AccountChange = z
  .strictObject({ role: AccountRoleName.optional(), disabled: z.boolean().optional() })
  .refine((c) => c.role !== undefined || c.disabled !== undefined, 'must change something');

/** What a signed-in user enters again before changing their sign-in; what is not set yet is omitted. */
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

export const TotpOffered = z.strictObject({
  /** Base32, for typing. */
  secret: z.string(),
  /** `otpauth://…`, and the same as a QR code (SVG). */
  uri: z.string(),
  svg: z.string(),
});
export type TotpOffered = z.infer<typeof TotpOffered>;

/** Shown once. Each works once instead of a code from the app. */
export const RecoveryCodes = z.strictObject({ codes: z.array(z.string()) });

/** Body of `POST /api/sign-in-links`: requests a link to one's own data. */
export const LinkRequest = z.strictObject({ email: z.string().trim().min(1).max(254) });

export const PersonLinkRequest = z.strictObject({
  /** Also sends it to the person's e-mail address. */
  send: z.boolean().default(false),
});

export const listAccounts = endpoint('GET /api/accounts', {
  summary: 'List all accounts',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['account.email'],
  answer: z.strictObject({ accounts: z.array(AccountShape) }),
});

export const createAccount = endpoint('POST /api/accounts', {
  summary: 'Create an account, with a one-time link for its owner to set it up',
  roles: ['admin', 'operator'],
  data: ['account.email'],
  body: z.strictObject({ email: EmailAddress, role: AccountRoleName }),
  answer: z.strictObject({ account: AccountShape, link: SignInLink }),
  errors: ['email-taken'],
});

export const changeAccount = endpoint('PATCH /api/accounts/:account', {
  summary: 'Change an account’s role or status; ends its sessions',
  roles: ['admin', 'operator'],
  data: ['account.email'],
  body: AccountChange,
  answer: AccountShape,
  errors: ['last-administrator'],
});

export const removeAccount = endpoint('DELETE /api/accounts/:account', {
  summary: 'Delete a disabled account: its address, password and second factor',
  roles: ['admin', 'operator'],
  data: ['account.email'],
  errors: ['account-not-disabled'],
});

export const createAccountLink = endpoint('POST /api/accounts/:account/link', {
  summary: 'Create a one-time link for an account’s owner to set a password and second factor',
  roles: ['admin', 'operator'],
  data: [],
  answer: SignInLink,
  errors: ['account-disabled'],
});

export const resetSecondFactor = endpoint('DELETE /api/accounts/:account/totp', {
  summary: 'Reset an account’s second factor and recovery codes, to be set up again; ends its sessions',
  roles: ['admin', 'operator'],
  data: ['account.email'],
  action: 'write',
  answer: AccountShape,
});

export const listAccountSessions = endpoint('GET /api/accounts/:account/sessions', {
  summary: 'List where an account is signed in, the last used session first',
  roles: ['admin', 'operator'],
  data: ['account.session'],
  answer: z.strictObject({ sessions: z.array(AccountSession) }),
});

export const endAccountSession = endpoint('DELETE /api/accounts/:account/sessions/:session', {
  summary: 'End one session of an account; one that has ended already is no error',
  roles: ['admin', 'operator'],
  data: ['account.session'],
  errors: ['account-unknown'],
});

export const endAccountSessions = endpoint('DELETE /api/accounts/:account/sessions', {
  summary: 'End all sessions of an account except the caller’s own, and delete its unused links',
  roles: ['admin', 'operator'],
  data: ['account.session'],
  answer: z.strictObject({ ended: z.number().int() }),
});

export const createPersonLink = endpoint('POST /api/people/:person/sign-in-links', {
  summary: 'Create a one-time link to a person’s own page, to show as a QR code or send by e-mail',
  roles: ['admin', 'dpo', 'staff'],
  data: ['person.email'],
  body: PersonLinkRequest,
  answer: SignInLink,
  errors: ['mail-not-configured', 'email-missing'],
});

export const requestSignInLink = endpoint('POST /api/sign-in-links', {
  summary: 'Request a sign-in link by e-mail; the answer is the same whether or not the address is known',
  roles: 'anybody',
  data: [],
  action: 'sign-in',
  body: LinkRequest,
  maxBody: 2048,
  limit: { max: 10, perMs: 60_000 },
});

export const getOwnAccount = endpoint('GET /api/account', {
  summary: 'Show the caller’s account',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  enrolling: true,
  data: ['account.email'],
  answer: OwnAccount,
});

const ownSignIn = {
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  enrolling: true,
  limit: { max: 20, perMs: 60_000 },
} as const;

export const changeOwnSignIn = endpoint('PUT /api/account/sign-in', {
  ...ownSignIn,
  summary: 'Change the caller’s e-mail address or password; ends the account’s other sessions',
  data: ['account.email'],
  body: SignInChange,
  answer: OwnAccount,
  errors: ['proof-wrong', 'password-weak', 'email-missing', 'email-taken', 'attempts-paused'],
});

export const offerTotp = endpoint('POST /api/account/totp', {
  ...ownSignIn,
  summary: 'Offer a secret for an authenticator app; it takes effect once confirmed',
  data: ['account.email'],
  body: z.strictObject(Proof),
  answer: TotpOffered,
  errors: ['proof-wrong', 'attempts-paused'],
});

export const confirmTotp = endpoint('POST /api/account/totp/confirm', {
  ...ownSignIn,
  summary: 'Confirm the offered second factor with one of its codes, and get recovery codes; ends other sessions',
  data: [],
  body: z.strictObject({ code: z.string().trim().min(6).max(10) }),
  answer: RecoveryCodes,
  errors: ['second-factor-wrong', 'second-factor-not-offered', 'password-missing', 'attempts-paused'],
});

export const renewRecoveryCodes = endpoint('POST /api/account/recovery-codes', {
  summary: 'Create new recovery codes; the old ones stop working',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  body: z.strictObject(Proof),
  answer: RecoveryCodes,
  errors: ['proof-wrong', 'attempts-paused', 'second-factor-not-set'],
  limit: { max: 20, perMs: 60_000 },
});
