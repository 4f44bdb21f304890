import * as api from '../../../protocol/api/session.ts';
import { KEEP_MS } from '../../platform/access/idempotency.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { clientPlace, endSession, endSessionsOf, SESSION_LIFE, stateOf } from '../../platform/access/session.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { atMost, findSorted, remove } from '../../platform/database/rows.ts';
import { normalEmail } from '../../platform/http/email.ts';
import { LONGEST_MEMORY_MS } from '../../platform/http/throttle.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { placeOf } from '../../platform/keys/envelope.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { redeemLink } from './links.ts';
import { accountRoutes } from './routes.ts';

/** How long a used or expired link is kept, so that it is reported as such, ms. */
const LINK_MEMORY_MS = 24 * 60 * 60 * 1000;
const LONGEST_IDLE_MS = Math.max(...Object.values(SESSION_LIFE).map((l) => l.idleMs));

/** Deletes expired sessions, links and PIN codes, old attempts, and stored answers to requests that won't be repeated. */
export const leftoversJob: Job = {
  name: 'sign-in-leftovers',
  everyMs: 60 * 60 * 1000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => {
      const at = now();
      const before = (ms: number) => new Date(at.getTime() - ms);
      const expired = await remove(tx, 'session', { expires_at: atMost(at) });
      const idle = await remove(tx, 'session', { seen_at: atMost(before(LONGEST_IDLE_MS)) });
      return {
        sessions: expired + idle,
        links: await remove(tx, 'sign_in_link', { expires_at: atMost(before(LINK_MEMORY_MS)) }),
        attempts: await remove(tx, 'sign_in_attempt', { last_at: atMost(before(LONGEST_MEMORY_MS)) }),
        pinCodes: await remove(tx, 'pin_code', { expires_at: atMost(at) }),
        answers: await remove(tx, 'idempotency', { made_at: atMost(before(KEEP_MS)) }),
      };
    }),
};

const sessionRoutes: readonly Route[] = [
  implement(api.redeemLink, async ({ tx, services, actor, body, now, cookie, as }) => {
    const { session, token } = await redeemLink(tx, services.keys, body.token, actor, now);
    as({ role: session.role, id: session.account ?? session.person, email: session.email });
    cookie({ token, expiresAt: session.expiresAt });
    return stateOf(session, now);
  }),
  implement(api.getSession, async ({ session, now }) => stateOf(session!, now)),
  implement(api.endSession, async ({ tx, session, cookie, on, notify }) => {
    if (session) await endSession(tx, session);
    on('sign-out');
    // Makes live screens check whether their session is still valid.
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

async function* signIns({ tx, names }: Reading) {
  const sessions = await findSorted(tx, 'session', { person: names }, ['created_at']);
  for (const s of sessions) yield { session: { startedAt: s.created_at, lastUsedAt: s.seen_at, endsAt: s.expires_at } };
  const links = await findSorted(tx, 'sign_in_link', { person: names }, ['created_at']);
  for (const l of links) yield { link: { madeAt: l.created_at, expiresAt: l.expires_at, usedAt: l.used_at } };
}

export const accounts: ServerModule = {
  endpoints: [...sessionRoutes, ...accountRoutes],
  jobs: [leftoversJob],
  tables: {
    account: {
      sealed: {
        by: 'environment',
        reads: ['row_version'],
        columns: {
          email: (cell) => placeOf('account.email', cell('id'), { rowVersion: Number(cell('row_version')) }),
          totp: (cell) => placeOf('account.totp', cell('id'), { rowVersion: Number(cell('row_version')) }),
          totp_next: (cell) => placeOf('account.totp-next', cell('id'), { rowVersion: Number(cell('row_version')) }),
        },
        index: {
          column: 'email_index',
          of: 'email',
          make: (keys, plain) =>
            keys.blindIndex('account.email', normalEmail(String(JSON.parse(plain.toString('utf8'))))),
        },
      },
      notPersonal: 'people who work here sign in with it; it is no person’s record of attendance',
    },
    recovery_code: { notPersonal: 'of accounts' },
    session: {
      sealed: { by: 'environment', columns: { client: (cell) => clientPlace(cell('id')) } },
      exported: 'signIns',
      merged: UNDER_EVERY_NAME,
      erased: deleteBy('person'),
    },
    sign_in_link: { exported: 'signIns', merged: UNDER_EVERY_NAME, erased: deleteBy('person') },
  },
  myData: { signIns },
};
