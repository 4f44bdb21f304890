import type { Transaction } from 'kysely';
import { z } from 'zod';
import { command } from '../../../disk/program.ts';
import { AccountRoleName, EmailAddress } from '../../../protocol/api/accounts.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import type { Tables } from '../../platform/database/schema.ts';
import { audited } from '../operator/audited.ts';
import { type OperatorContext, operation } from '../operator/operation.ts';
import {
  type Account,
  addAccount,
  changeAccount,
  listAccounts,
  lockAccount,
  removeAccount,
  resetTotp,
} from './accounts.ts';
import { wire } from './answers.ts';
import { linkUrl } from './link-text.ts';
import { createLink } from './links.ts';

/** Kinds of data that stand in its audit rows. */
const data = ['account.email'];

const byId = ({ id }: Account) => ({ resource: id });

/** A link with which the account's owner sets password and second factor. */
async function linkOf({ keys, config, now }: OperatorContext, tx: Transaction<Tables>, account: string) {
  const { token, expiresAt } = await createLink(tx, keys, { kind: 'account', account }, now());
  return { link: linkUrl(config, 'console', token), expiresAt: expiresAt.toISOString() };
}

/** Accounts, for the person who has the server's own machine: also when nobody can sign in any more. */
export const accountOperations = {
  'accounts add': operation({
    args: z.strictObject({ email: EmailAddress, role: AccountRoleName }),
    run: (context, o) =>
      audited(
        context,
        { action: 'write', route: 'accounts add', data },
        async (tx, now) => {
          const account = await addAccount(tx, context.keys, o, now);
          return { account: wire(account), ...(await linkOf(context, tx, account.id)) };
        },
        ({ account }) => ({ resource: account.id }),
      ),
  }),
  'accounts list': operation({
    args: z.strictObject({}),
    run: async (context) =>
      (
        await audited(context, { action: 'read', route: 'accounts list', data }, (tx) => listAccounts(tx, context.keys))
      ).map(wire),
  }),
  'accounts change': operation({
    args: z.strictObject({ account: Uuid, role: AccountRoleName.optional(), disabled: z.boolean().optional() }),
    async run(context, { account, ...patch }) {
      const changed = await audited(
        context,
        { action: 'write', route: 'accounts change', data },
        (tx, now) => changeAccount(tx, context.keys, account, patch, now),
        byId,
      );
      // Live screens look whether their session still is one.
      context.onChange();
      return wire(changed);
    },
  }),
  'accounts reset-totp': operation({
    args: z.strictObject({ account: Uuid }),
    async run(context, { account }) {
      const changed = await audited(
        context,
        { action: 'write', route: 'accounts reset-totp', data },
        (tx) => resetTotp(tx, context.keys, account),
        byId,
      );
      context.onChange();
      return wire(changed);
    },
  }),
  'accounts remove': operation({
    args: z.strictObject({ account: Uuid }),
    run: (context, { account }) =>
      audited(
        context,
        { action: 'delete', route: 'accounts remove', data },
        async (tx) => {
          await removeAccount(tx, account);
          return { account };
        },
        () => ({ resource: account }),
      ),
  }),
  'accounts link': operation({
    args: z.strictObject({ account: Uuid }),
    run: (context, { account }) =>
      audited(
        context,
        { action: 'write', route: 'accounts link', data },
        async (tx) => {
          const row = await lockAccount(tx, account);
          if (row.disabled_at)
            throw new Problem(
              'account-disabled',
              'This account is disabled.',
              `Enable it: ${command('accounts enable ID')}`,
            );
          return { account, ...(await linkOf(context, tx, account)) };
        },
        () => ({ resource: account }),
      ),
  }),
} as const;
