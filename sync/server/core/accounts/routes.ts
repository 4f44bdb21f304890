import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/accounts.ts';
import { implement, type Route, type Services } from '../../platform/access/route.ts';
import { emailIndex } from '../../platform/http/email.ts';
import { charge, networkOf, throttleKey } from '../../platform/http/throttle.ts';
import { addAccount, changeAccount, listAccounts, lockAccount, removeAccount, resetTotp } from './accounts.ts';
import { linkMail, linkUrl, type Page, qrSvg } from './link-text.ts';
import { createLink } from './links.ts';
import { sendMail } from './mail.ts';
import { ownAccountRoutes } from './own-routes.ts';
import { linkable, mailPersonLink } from './person-links.ts';
import { signInRoutes } from './sign-in.ts';

/** Accounts, and links for people. */
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
    // Live screens look whether their session still is one.
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
    // A caller who asks too often learns nothing either: it would reveal what others asked for.
    handle: async ({ services, actor, body, prepared, after, on }) => {
      on('request');
      if (prepared.allowed) after(() => mailPersonLink(services, body.email, actor));
    },
  }),
];

/** A link as text and as a QR code. */
async function linkAnswer(
  { config }: Pick<Services, 'config'>,
  page: Page,
  { token, expiresAt }: { token: string; expiresAt: Date },
): Promise<z.infer<typeof api.SignInLink>> {
  const url = linkUrl(config, page, token);
  return { url, svg: await qrSvg(url), expiresAt: expiresAt.toISOString() };
}
