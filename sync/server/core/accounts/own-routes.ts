import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/accounts.ts';
import { type Before, type Call, implement, Refused, type Route } from '../../platform/access/route.ts';
import { find } from '../../platform/database/rows.ts';
import { openEmail } from '../../platform/http/email.ts';
import { chargeAll, forgive, throttleKey } from '../../platform/http/throttle.ts';
import { type AccountRow, isEnrolled, lockAccount, shown } from './accounts.ts';
import {
  confirmTotp,
  finishEnrolment,
  newRecoveryCodes,
  offerTotp,
  recoveryCodesLeft,
  setSignIn,
  totpUri,
  useSecondFactor,
} from './credentials.ts';
import { qrSvg } from './links.ts';
import { checkPassword, checkStrength, hashPassword } from './password.ts';

interface Proof {
  readonly current?: string | undefined;
  readonly code?: string | undefined;
}

interface Proven {
  readonly throttle: Buffer;
  /** The stored password that `current` was compared with. */
  readonly against: string | null;
  readonly right: boolean;
}

/** Charges the attempt to the throttle and compares the password, before the transaction. */
async function prepareProof(
  { services, session, now }: Before<unknown, unknown, unknown>,
  proof: Proof,
): Promise<Proven> {
  const { db, keys } = services;
  const id = session!.account!;
  const throttle = throttleKey(keys, 'account', `proof/${id}`);
  await chargeAll(db, [{ key: throttle, name: 'account' }], now);
  const row = await find(db, 'account', { id }, ['password']);
  const against = row?.password ?? null;
  return { throttle, against, right: proof.current !== undefined && (await checkPassword(against, proof.current)) };
}

type Own<B> = Call<unknown, unknown, B, Proven>;

/**
 * Returns whether the caller is the account's owner, so that a session that was left open, or stolen, can't change the
 * sign-in. Requires each of the two that is set: the password (except in a link's session, since the password may have been
 * forgotten), and the second factor.
 */
async function isProven(
  { tx, services: { keys }, session, body: { code }, prepared, now }: Own<Proof>,
  row: AccountRow,
): Promise<boolean> {
  const needsPassword = row.password !== null && session!.stage === 'full';
  if (needsPassword && !(prepared.right && row.password === prepared.against)) return false;
  if (row.totp_confirmed_at && !(code && (await useSecondFactor(tx, keys, row, code, now)))) return false;
  await forgive(tx, prepared.throttle);
  return true;
}

const notProven = () => new Refused(new Problem('proof-wrong'));

const own = ({ tx, session, on }: Pick<Own<unknown>, 'tx' | 'session' | 'on'>): Promise<AccountRow> => {
  on(session!.account!);
  return lockAccount(tx, session!.account!);
};

const answerOf = async ({ tx, services: { keys } }: Pick<Own<unknown>, 'tx' | 'services'>, row: AccountRow) => ({
  account: shown(keys, row),
  hasPassword: row.password !== null,
  hasSecondFactor: row.totp_confirmed_at !== null,
  recoveryCodesLeft: await recoveryCodesLeft(tx, row.id),
});

/** Routes for people's own accounts: enrol, and change the sign-in. */
export const ownAccountRoutes: readonly Route[] = [
  implement(api.getOwnAccount, async (call) => answerOf(call, await own(call))),
  implement(api.changeOwnSignIn, {
    async before(o) {
      const { password, email } = o.body;
      if (password !== undefined) checkStrength(password, email ?? o.session!.email);
      const proven = await prepareProof(o, o.body);
      return { ...proven, hash: password === undefined ? undefined : await hashPassword(password) };
    },
    handle: async (call) => {
      const { tx, services, session, body, prepared, now } = call;
      const row = await own(call);
      if (!row.email && body.email === undefined) throw new Problem('email-missing');
      if (!(await isProven(call, row))) return notProven();
      await setSignIn(tx, services.keys, row, { email: body.email, password: prepared.hash }, session!);
      const after = await lockAccount(tx, row.id);
      // A link's session is complete here if the account has a second factor. Otherwise that is set next.
      if (session!.stage === 'enrol' && isEnrolled(after) && prepared.hash !== undefined)
        await finishEnrolment(tx, session!, now);
      return answerOf(call, after);
    },
  }),
  implement(api.offerTotp, {
    before: (o) => prepareProof(o, o.body),
    handle: async (call) => {
      const { tx, services } = call;
      const row = await own(call);
      if (!(await isProven(call, row))) return notProven();
      const secret = await offerTotp(tx, services.keys, row);
      const email = row.email ? openEmail(services.keys, row.id, row.row_version, row.email) : 'administrator';
      const uri = totpUri(secret, email);
      return { secret, uri, svg: await qrSvg(uri) };
    },
  }),
  implement(api.confirmTotp, {
    before: (o) => prepareProof(o, {}),
    handle: async (call) => {
      const { tx, services, session, body, prepared, now } = call;
      const row = await own(call);
      if (row.password === null) throw new Problem('password-missing');
      const codes = await confirmTotp(tx, services.keys, row, body.code, now, session!);
      if (!codes) return new Refused(new Problem('second-factor-wrong'));
      await forgive(tx, prepared.throttle);
      if (session!.stage === 'enrol') await finishEnrolment(tx, session!, now);
      return { codes };
    },
  }),
  implement(api.renewRecoveryCodes, {
    before: (o) => prepareProof(o, o.body),
    handle: async (call) => {
      const row = await own(call);
      if (!row.totp_confirmed_at) throw new Problem('second-factor-not-set');
      if (!(await isProven(call, row))) return notProven();
      return { codes: await newRecoveryCodes(call.tx, call.services.keys, row.id) };
    },
  }),
];
