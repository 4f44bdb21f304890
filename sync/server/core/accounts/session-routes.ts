import { SessionRequest, SessionState } from '../../../protocol/api/session.ts';
import { authRoute } from '../../platform/access/auth-route.ts';
import type { RouteSpec } from '../../platform/access/route.ts';
import { endSession, endSessionsOf, stateOf } from '../../platform/access/session.ts';
import { redeemLink } from './links.ts';

const EVERYBODY = ['admin', 'dpo', 'staff', 'auditor', 'person'] as const;

/** Coming in by a link, and going. */
export const sessionRoutes: readonly RouteSpec[] = [
  authRoute({
    method: 'POST',
    path: '/api/session',
    summary: 'Trades the token of a one-time link for a session. Opening the link itself uses nothing up.',
    roles: 'anybody',
    data: [],
    action: 'sign-in',
    body: SessionRequest,
    maxBody: 1024,
    answer: SessionState,
    errors: ['link-unknown', 'link-already-used', 'link-expired', 'account-disabled'],
    limit: { max: 10, perMs: 60_000 },
    async handle({ tx, services, body, now, cookie, as }) {
      const { session, token } = await redeemLink(tx, services.keys, body.token, now);
      as({ role: session.role, id: session.account ?? session.person, email: session.email });
      cookie({ token, expiresAt: session.expiresAt });
      return stateOf(session);
    },
  }),
  authRoute({
    method: 'GET',
    path: '/api/session',
    summary: 'Who is signed in here, and until when. Counts as a use: a page asks when someone touches it.',
    roles: EVERYBODY,
    enrolling: true,
    data: [],
    action: 'read',
    answer: SessionState,
    handle: async ({ session }) => stateOf(session!),
  }),
  authRoute({
    method: 'DELETE',
    path: '/api/session',
    summary: 'Signs out.',
    roles: 'anybody',
    data: [],
    action: 'sign-in',
    answer: 'nothing',
    limit: { max: 20, perMs: 60_000 },
    async handle({ tx, session, cookie, on, notify }) {
      if (session) await endSession(tx, session);
      on('sign-out');
      // Live screens look whether their session still is one.
      notify('board');
      cookie(null);
    },
  }),
  authRoute({
    method: 'DELETE',
    path: '/api/sessions',
    summary: 'Signs out everywhere: ends every session of the caller, this one too, and their unused links.',
    roles: EVERYBODY,
    enrolling: true,
    data: [],
    action: 'sign-in',
    answer: 'nothing',
    async handle({ tx, session, cookie, on, notify }) {
      await endSessionsOf(tx, session!.account ? { account: session!.account } : { person: session!.person! });
      on('sign-out everywhere');
      notify('board');
      cookie(null);
    },
  }),
];
