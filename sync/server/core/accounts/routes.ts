import { z } from 'zod';
import {
  AccountChange,
  AccountList,
  AccountShape,
  LinkRequest,
  NewAccount,
  NewAccountAnswer,
  PersonLinkRequest,
  SignInLink,
} from '../../../protocol/api/accounts.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import { authRoute } from '../../platform/access/auth-route.ts';
import type { RouteSpec } from '../../platform/access/route.ts';
import { emailIndex } from '../../platform/http/email.ts';
import { charge, networkOf, throttleKey } from '../../platform/http/throttle.ts';
import { addAccount, changeAccount, listAccounts, lockAccount, removeAccount, resetTotp } from './accounts.ts';
import { linkAnswer, wire } from './answers.ts';
import { linkMail } from './link-text.ts';
import { createLink } from './links.ts';
import { sendMail } from './mail.ts';
import { ownAccountRoutes } from './own-routes.ts';
import { linkable, mailPersonLink } from './person-links.ts';
import { signInRoutes } from './sign-in.ts';

const ById = z.strictObject({ account: Uuid });
const DATA = ['account.email'] as const;

/** Accounts, and links for people. */
export const accountRoutes: readonly RouteSpec[] = [
  ...signInRoutes,
  ...ownAccountRoutes,
  authRoute({
    method: 'GET',
    path: '/api/accounts',
    summary: 'All accounts.',
    roles: ['admin', 'dpo', 'auditor'],
    data: DATA,
    action: 'read',
    answer: AccountList,
    handle: async ({ tx, services }) => ({ accounts: (await listAccounts(tx, services.keys)).map(wire) }),
  }),
  authRoute({
    method: 'POST',
    path: '/api/accounts',
    summary: 'Makes an account, with a one-time link for its owner to enrol.',
    roles: ['admin'],
    data: DATA,
    action: 'write',
    body: NewAccount,
    answer: NewAccountAnswer,
    errors: ['email-taken'],
    async handle({ tx, services, body, now, on, after }) {
      const account = await addAccount(tx, services.keys, body, now);
      on(account.id);
      const link = await createLink(tx, services.keys, { kind: 'account', account: account.id }, now);
      const answer = await linkAnswer(services, 'console', link);
      const { mail } = services.config;
      if (mail) after(() => sendMail(mail, { to: body.email, ...linkMail('account', null, answer.url) }));
      return { account: wire(account), link: answer };
    },
  }),
  authRoute({
    method: 'PATCH',
    path: '/api/accounts/:account',
    summary: 'Changes role or state of an account. Ends its sessions.',
    roles: ['admin'],
    data: DATA,
    action: 'write',
    params: ById,
    body: AccountChange,
    answer: AccountShape,
    errors: ['account-unknown', 'last-administrator'],
    async handle({ tx, services, params, body, now, on, notify }) {
      on(params.account);
      const changed = await changeAccount(tx, services.keys, params.account, body, now);
      // Live screens look whether their session still is one.
      notify('board');
      return wire(changed);
    },
  }),
  authRoute({
    method: 'DELETE',
    path: '/api/accounts/:account',
    summary: 'Removes a disabled account: its address, password and second factor.',
    roles: ['admin'],
    data: DATA,
    action: 'delete',
    params: ById,
    answer: 'nothing',
    errors: ['account-unknown', 'account-not-disabled'],
    async handle({ tx, params, on }) {
      on(params.account);
      await removeAccount(tx, params.account);
    },
  }),
  authRoute({
    method: 'POST',
    path: '/api/accounts/:account/link',
    summary: 'Makes a one-time link with which an account’s owner sets password and second factor.',
    roles: ['admin'],
    data: [],
    action: 'write',
    params: ById,
    answer: SignInLink,
    errors: ['account-unknown', 'account-disabled'],
    async handle({ tx, services, params, now, on }) {
      on(params.account);
      const row = await lockAccount(tx, params.account);
      if (row.disabled_at)
        throw new Problem('account-disabled', 'This account is disabled.', 'Enable it before making a link.');
      const link = await createLink(tx, services.keys, { kind: 'account', account: params.account }, now);
      return linkAnswer(services, 'console', link);
    },
  }),
  authRoute({
    method: 'DELETE',
    path: '/api/accounts/:account/totp',
    summary: 'Takes back second factor and recovery codes of an account: its owner enrols again. Ends its sessions.',
    roles: ['admin'],
    data: DATA,
    action: 'write',
    params: ById,
    answer: AccountShape,
    errors: ['account-unknown'],
    async handle({ tx, services, params, on, notify }) {
      on(params.account);
      const changed = await resetTotp(tx, services.keys, params.account);
      notify('board');
      return wire(changed);
    },
  }),
  authRoute({
    method: 'POST',
    path: '/api/people/:person/sign-in-links',
    summary: 'Makes a one-time link to a person’s own data, to show as a QR code, or to send to their address.',
    roles: ['admin', 'dpo', 'staff'],
    data: ['person.email'],
    action: 'write',
    params: z.strictObject({ person: Uuid }),
    body: PersonLinkRequest,
    answer: SignInLink,
    errors: ['person-unknown', 'mail-not-configured', 'email-missing'],
    async handle({ tx, services, params, body, now, about, after }) {
      const person = await linkable(tx, services, params.person);
      about([person.id]);
      const link = await createLink(tx, services.keys, { kind: 'person', person: person.id }, now);
      const answer = await linkAnswer(services, 'portal', link);
      if (body.send) {
        const { mail } = services.config;
        if (!mail) throw new Problem('mail-not-configured', 'This server sends no mail.', 'Show the QR code instead.');
        const to = person.email;
        if (!to) throw new Problem('email-missing', 'This person has no e-mail address.', 'Show the QR code instead.');
        after(() => sendMail(mail, { to, ...linkMail('person', person.language, answer.url) }));
      }
      return answer;
    },
  }),
  authRoute({
    method: 'POST',
    path: '/api/sign-in-links',
    summary: 'Asks for a link by mail. The answer is the same whether the address is known or not.',
    roles: 'anybody',
    data: [],
    action: 'sign-in',
    body: LinkRequest,
    maxBody: 2048,
    answer: 'nothing',
    limit: { max: 10, perMs: 60_000 },
    async before({ services, actor, body, now }) {
      const { db, keys } = services;
      const network = throttleKey(keys, 'mails', networkOf(actor.ip ?? ''));
      const address = await charge(db, network, 'mails', now);
      const mail = await charge(db, throttleKey(keys, 'mail', emailIndex(keys, body.email)), 'mail', now);
      return { allowed: address === 0 && mail === 0 };
    },
    // A caller who asks too often learns nothing either: it would reveal what others asked for.
    async handle({ services, actor, body, prepared, after, on }) {
      on('request');
      if (prepared.allowed) after(() => mailPersonLink(services, body.email, actor));
    },
  }),
];
