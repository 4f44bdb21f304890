import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/session.ts';
import { implement, Refused, type Route } from '../../platform/access/route.ts';
import { startSession, stateOf } from '../../platform/access/session.ts';
import { update } from '../../platform/database/rows.ts';
import { emailIndex } from '../../platform/http/email.ts';
import { chargeAll, forgive, networkOf, throttleKey, uncharge } from '../../platform/http/throttle.ts';
import { accountByEmail, isEnrolled, lockAccount } from './accounts.ts';
import { useSecondFactor } from './credentials.ts';
import { checkPassword } from './password.ts';

/**
 * One answer for every wrong attempt, and equal work before it: an address without an account is hashed against a decoy,
 * charged and audited like one with an account.
 */
const refused = () => new Refused(new Problem('sign-in-refused'));

export const signInRoutes: readonly Route[] = [
  implement(api.signInWithPassword, {
    async before({ services, actor, body, now }) {
      const { db, keys } = services;
      const address = { key: throttleKey(keys, 'address', networkOf(actor.ip ?? '')), name: 'address' } as const;
      const account = { key: throttleKey(keys, 'account', emailIndex(keys, body.email)), name: 'account' } as const;
      await chargeAll(db, [address, account], now);
      const row = await accountByEmail(db, keys, body.email);
      const right = await checkPassword(row?.password ?? null, body.password);
      return { id: row?.id ?? null, password: row?.password ?? null, right, address, account };
    },
    handle: async ({ tx, services, body, now, prepared, as, cookie }) => {
      const { keys } = services;
      const { id, right, address, account } = prepared;
      if (id !== null) as({ role: 'nobody', id, email: body.email });
      if (id === null || !right) return refused();
      const row = await lockAccount(tx, id);
      // Disabled, or given another password, while this one was hashed.
      if (row.disabled_at || row.password !== prepared.password) return refused();
      const enrolled = isEnrolled(row);
      if (enrolled && !(body.code && (await useSecondFactor(tx, keys, row, body.code, now)))) return refused();
      await forgive(tx, account.key);
      await uncharge(tx, address.key);
      if (enrolled) await update(tx, 'account', { id }, { signed_in_at: now });
      const holder = { role: row.role, account: id, stage: enrolled ? 'full' : 'enrol' } as const;
      const { token, session } = await startSession(tx, keys, holder, now);
      as({ role: row.role, id, email: session.email });
      cookie({ token, expiresAt: session.expiresAt });
      return stateOf(session, now);
    },
  }),
];
