import * as api from '../../../protocol/api/session.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { endSession, endSessionsOf, stateOf } from '../../platform/access/session.ts';
import { redeemLink } from './links.ts';

/** Coming in by a link, and going. */
export const sessionRoutes: readonly Route[] = [
  implement(api.redeemLink, async ({ tx, services, body, now, cookie, as }) => {
    const { session, token } = await redeemLink(tx, services.keys, body.token, now);
    as({ role: session.role, id: session.account ?? session.person, email: session.email });
    cookie({ token, expiresAt: session.expiresAt });
    return stateOf(session, now);
  }),
  implement(api.getSession, async ({ session, now }) => stateOf(session!, now)),
  implement(api.endSession, async ({ tx, session, cookie, on, notify }) => {
    if (session) await endSession(tx, session);
    on('sign-out');
    // Live screens check whether their session still is one.
    notify('board');
    cookie(null);
  }),
  implement(api.endAllSessions, async ({ tx, session, cookie, on, notify }) => {
    await endSessionsOf(tx, session!.account ? { account: session!.account } : { person: session!.person! });
    on('sign-out everywhere');
    notify('board');
    cookie(null);
  }),
];
