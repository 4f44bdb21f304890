import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint, ROLES } from './endpoint.ts';

/** Token of a one-time link: 32 random bytes, base64url. It is in the link's fragment, which browsers don't send. */
export const LinkToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Body of `POST /api/session`: the token of a one-time link. */
export const SessionRequest = z.strictObject({ token: LinkToken });

/** Six digits from an authenticator app, or a recovery code (each works once). */
export const SecondFactor = z.string().trim().min(6).max(40);

/** Body of `POST /api/sign-in`. All at once, and the answer never says which part was wrong. */
export const SignInRequest = z.strictObject({
  email: z.string().trim().min(1).max(254),
  password: z.string().min(1).max(1024),
  /** Absent if the account has none yet. */
  code: SecondFactor.optional(),
});

export const SessionState = z.strictObject({
  role: z.enum(ROLES),
  /** `enrol`: password and second factor must be set before anything else is allowed. */
  stage: z.enum(['full', 'enrol']),
  account: Uuid.nullable(),
  person: Uuid.nullable(),
  email: z.string().nullable(),
  /** When it ends if unused, and when it ends at the latest. */
  idleEndsAt: Instant,
  expiresAt: Instant,
  /** The server's clock at the time of the answer. Pages count from it, since their machine's clock may be wrong. */
  serverTime: Instant,
});
export type SessionState = z.infer<typeof SessionState>;

/** Every error of the API: RFC 9457 problem+json with our code and next step. */
export const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  nextStep: z.string(),
  /** Values for a screen's own sentence, e.g. `seconds` to wait. */
  params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
export type ProblemBody = z.infer<typeof ProblemBody>;

export const signInWithPassword = endpoint('POST /api/sign-in', {
  summary: 'Sign in with e-mail address, password and second factor together',
  roles: 'anybody',
  data: [],
  action: 'sign-in',
  body: SignInRequest,
  maxBody: 8192,
  answer: SessionState,
  errors: ['sign-in-refused', 'attempts-paused'],
  limit: { max: 60, perMs: 60_000 },
});

export const redeemLink = endpoint('POST /api/session', {
  summary: 'Exchange the token of a one-time link for a session; merely opening the link doesn’t use it up',
  roles: 'anybody',
  data: [],
  action: 'sign-in',
  body: SessionRequest,
  maxBody: 1024,
  answer: SessionState,
  errors: ['link-unknown', 'link-already-used', 'link-expired', 'account-disabled'],
  limit: { max: 10, perMs: 60_000 },
});

export const getSession = endpoint('GET /api/session', {
  summary: 'Show who is signed in, and until when; extends the session',
  roles: ['admin', 'dpo', 'staff', 'auditor', 'person'],
  enrolling: true,
  data: [],
  answer: SessionState,
});

export const endSession = endpoint('DELETE /api/session', {
  summary: 'Sign out',
  roles: 'anybody',
  data: [],
  action: 'sign-in',
  limit: { max: 20, perMs: 60_000 },
});

export const endAllSessions = endpoint('DELETE /api/sessions', {
  summary: 'Sign out everywhere: ends all of the caller’s sessions, including this one, and their unused links',
  roles: ['admin', 'dpo', 'staff', 'auditor', 'person'],
  enrolling: true,
  data: [],
  action: 'sign-in',
});
