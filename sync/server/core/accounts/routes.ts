import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/accounts.ts';
import { signInWithPassword } from '../../../protocol/api/session.ts';
import { implement, Refused, type Route, type Services } from '../../platform/access/route.ts';
import { endSessionsOf, sessionsOf, startSession, stateOf } from '../../platform/access/session.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { remove, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { emailIndex } from '../../platform/http/email.ts';
import { charge, chargeAll, forgive, networkOf, throttleKey, uncharge } from '../../platform/http/throttle.ts';
import { lockPeople } from '../people/people.ts';
import { findPeople, readPeople } from '../people/records.ts';
import {
  accountByEmail,
  addAccount,
  changeAccount,
  isEnrolled,
  listAccounts,
  lockAccount,
  removeAccount,
  resetTotp,
} from './accounts.ts';
import { useSecondFactor } from './credentials.ts';
import { createLink, linkMail, linkUrl, type Page, qrSvg } from './links.ts';
import { sendMail } from './mail.ts';
import { ownAccountRoutes } from './own-routes.ts';
import { checkPassword } from './password.ts';

/**
 * The same answer to every wrong attempt, after equal work: for an address without an account, the password is hashed against
 * a decoy, and the attempt is charged and audited as if the account existed.
 */
const refused = () => new Refused(new Problem('sign-in-refused'));

const signInRoutes: readonly Route[] = [
  implement(signInWithPassword, {
    async before({ services, actor, body, now }) {
      const { db, keys } = services;
      const address = { key: throttleKey(keys, 'address', networkOf(actor.ip ?? '')), name: 'address' } as const;
      const account = { key: throttleKey(keys, 'account', emailIndex(keys, body.email)), name: 'account' } as const;
      await chargeAll(db, [address, account], now);
      const row = await accountByEmail(db, keys, body.email);
      const right = await checkPassword(row?.password ?? null, body.password);
      return { id: row?.id ?? null, password: row?.password ?? null, right, address, account };
    },
    handle: async ({ tx, services, actor, body, now, prepared, as, cookie }) => {
      const { keys } = services;
      const { id, right, address, account } = prepared;
      if (id !== null) as({ role: 'nobody', id, email: body.email });
      if (id === null || !right) return refused();
      const row = await lockAccount(tx, id);
      // The account was disabled, or its password changed, while this one was hashed.
      if (row.disabled_at || row.password !== prepared.password) return refused();
      const enrolled = isEnrolled(row);
      if (enrolled && !(body.code && (await useSecondFactor(tx, keys, row, body.code, now)))) return refused();
      await forgive(tx, account.key);
      await uncharge(tx, address.key);
      if (enrolled) await update(tx, 'account', { id }, { signed_in_at: now });
      const holder = { role: row.role, account: id, stage: enrolled ? 'full' : 'enrol' } as const;
      const { token, session } = await startSession(tx, keys, holder, actor, now);
      as({ role: row.role, id, email: session.email });
      cookie({ token, expiresAt: session.expiresAt });
      return stateOf(session, now);
    },
  }),
];

export const accountRoutes: readonly Route[] = [
  ...signInRoutes,
  ...ownAccountRoutes,
  implement(api.listAccounts, async ({ tx, services }) => ({
    accounts: await listAccounts(tx, services.keys),
  })),
  implement(api.createAccount, async ({ tx, services, actor, body, now, on, after }) => {
    const account = await addAccount(tx, services.keys, body, now);
    on(account.id);
    const link = await createLink(tx, services.keys, { kind: 'account', account: account.id }, now);
    const answer = await linkAnswer(services, 'console', link);
    const { mail } = services.config;
    if (mail && actor.role !== 'operator')
      after(() => sendMail(mail, { to: body.email, ...linkMail('account', null, answer.url) }));
    return { account: account, link: answer };
  }),
  implement(api.changeAccount, async ({ tx, services, params, body, now, notify }) => {
    const changed = await changeAccount(tx, services.keys, params.account, body, now);
    // Makes live screens check whether their session is still valid.
    notify('board');
    return changed;
  }),
  implement(api.removeAccount, async ({ tx, params }) => {
    await removeAccount(tx, params.account);
  }),
  implement(api.createAccountLink, async ({ tx, services, params, now }) => {
    const row = await lockAccount(tx, params.account);
    if (row.disabled_at) throw new Problem('account-disabled');
    const link = await createLink(tx, services.keys, { kind: 'account', account: params.account }, now);
    return linkAnswer(services, 'console', link);
  }),
  implement(api.resetSecondFactor, async ({ tx, services, params, notify }) => {
    const changed = await resetTotp(tx, services.keys, params.account);
    notify('board');
    return changed;
  }),
  implement(api.listAccountSessions, async ({ tx, services, session, params, now }) => {
    await lockAccount(tx, params.account);
    return { sessions: await sessionsOf(tx, services.keys, params.account, session, now) };
  }),
  implement(api.endAccountSession, async ({ tx, params: { account, session }, notify }) => {
    await lockAccount(tx, account);
    // One that has ended by itself needs no error.
    await remove(tx, 'session', { id: session, account });
    notify('board');
  }),
  implement(api.endAccountSessions, async ({ tx, session, params: { account }, notify }) => {
    await lockAccount(tx, account);
    const ended = await endSessionsOf(tx, { account }, session);
    notify('board');
    return { ended };
  }),
  implement(api.createPersonLink, async ({ tx, services, params, body, now, about, after }) => {
    const person = await linkable(tx, services, params.person);
    about([person.id]);
    const link = await createLink(tx, services.keys, { kind: 'person', person: person.id }, now);
    const answer = await linkAnswer(services, 'portal', link);
    if (body.send) {
      const { mail } = services.config;
      if (!mail) throw new Problem('mail-not-configured');
      const to = person.email;
      if (!to) throw new Problem('email-missing');
      after(() => sendMail(mail, { to, ...linkMail('person', person.language, answer.url) }));
    }
    return answer;
  }),
  implement(api.requestSignInLink, {
    async before({ services, actor, body, now }) {
      const { db, keys } = services;
      const network = throttleKey(keys, 'mails', networkOf(actor.ip ?? ''));
      const address = await charge(db, network, 'mails', now);
      const mail = await charge(db, throttleKey(keys, 'mail', emailIndex(keys, body.email)), 'mail', now);
      return { allowed: address === 0 && mail === 0 };
    },
    // A caller over the limit gets the same answer: an error would reveal what others requested.
    handle: async ({ services, actor, body, prepared, after, on }) => {
      on('request');
      if (prepared.allowed) after(() => mailPersonLink(services, body.email, actor));
    },
  }),
];

/** Returns a link as text and as a QR code. */
async function linkAnswer(
  { config }: Pick<Services, 'config'>,
  page: Page,
  { token, expiresAt }: { token: string; expiresAt: Date },
): Promise<z.infer<typeof api.SignInLink>> {
  const url = linkUrl(config, page, token);
  return { url, svg: await qrSvg(url), expiresAt: expiresAt.toISOString() };
}

/** Locks and returns a person to make a link for; if merged, the person that was kept. @throws Problem `person-unknown` */
async function linkable(
  tx: Tx,
  { keys }: Pick<Services, 'keys'>,
  id: string,
): Promise<{ id: string; email: string | null; language: string | null }> {
  const { now = id } = (await lockPeople(tx, [id])).get(id) ?? {};
  const person = (await readPeople(tx, keys, [now])).get(now);
  if (!person) throw new Problem('person-unknown');
  return person;
}

/**
 * Mails a sign-in link that was requested, after the request was answered: the answer is the same, and takes the same time,
 * for every address. An address shared by several people gets no mail. They can ask staff, who know who they are dealing with.
 */
export async function mailPersonLink(services: Services, email: string, actor: Actor): Promise<void> {
  const { db, keys, config, now } = services;
  const made = await inTransaction(db, async (tx) => {
    const at = now();
    const found = await findPeople(tx, keys, { email });
    await lockPeople(tx, found);
    const people = [...(await readPeople(tx, keys, found)).values()].filter((p) => !p.mergedInto);
    const person = people.length === 1 ? people[0]! : null;
    const link = person && config.mail ? await createLink(tx, keys, { kind: 'person', person: person.id }, at) : null;
    const entry = {
      actor,
      action: 'sign-in',
      route: 'POST /api/sign-in-links',
      resource: 'mail',
      data: ['person.email'],
      subjects: person ? [person.id] : [],
      outcome: link ? 'ok' : person ? 'mail-not-configured' : 'person-unknown',
    } as const;
    await writeAudit(tx, keys, entry, at);
    return link && { link, to: person!.email!, language: person!.language };
  });
  if (!made || !config.mail) return;
  await sendMail(config.mail, {
    to: made.to,
    ...linkMail('person', made.language, linkUrl(config, 'portal', made.link.token)),
  });
}
