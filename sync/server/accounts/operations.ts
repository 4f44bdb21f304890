import { z } from 'zod';
import { AccountRoleName, EmailAddress } from '../../protocol/api/accounts.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { OPERATOR } from '../access/actor.ts';
import { createLink } from '../access/links.ts';
import type { AuditAction } from '../audit/entry.ts';
import { writeAudit } from '../audit/write.ts';
import { inTransaction } from '../database/retry.ts';
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

type Tx = Parameters<typeof writeAudit>[0];

/** Does it with its row in the audit log, in one transaction. */
function audited<T>(
  { db, keys, now }: OperatorContext,
  entry: { readonly action: AuditAction; readonly route: string },
  work: (tx: Tx) => Promise<T>,
  resource: (result: T) => string | null,
): Promise<T> {
  return inTransaction(db, async (tx) => {
    const result = await work(tx);
    const row = { ...entry, actor: OPERATOR, data: ['account.email'], subjects: [], outcome: 'ok' } as const;
    await writeAudit(tx, keys, { ...row, resource: resource(result) }, now());
    return result;
  });
}

const byId = (account: Account) => account.id;

/** A link with which the account's owner sets password and second factor. */
async function linkOf({ keys, config, now }: OperatorContext, tx: Tx, account: string) {
  const { token, expiresAt } = await createLink(tx, keys, { kind: 'account', account }, now());
  return { link: linkUrl(config, 'console', token), expiresAt: expiresAt.toISOString() };
}

/** Accounts, for whoever has the server's own machine: also when nobody can sign in any more. */
export const accountOperations = {
  'accounts add': operation({
    args: z.strictObject({ email: EmailAddress, role: AccountRoleName }),
    run: (context, o) =>
      audited(
        context,
        { action: 'write', route: 'accounts add' },
        async (tx) => {
          const account = await addAccount(tx, context.keys, o, context.now());
          return { account: wire(account), ...(await linkOf(context, tx, account.id)) };
        },
        ({ account }) => account.id,
      ),
  }),
  'accounts list': operation({
    args: z.strictObject({}),
    run: async (context) =>
      (
        await audited(
          context,
          { action: 'read', route: 'accounts list' },
          (tx) => listAccounts(tx, context.keys),
          () => null,
        )
      ).map(wire),
  }),
  'accounts change': operation({
    args: z.strictObject({ account: Uuid, role: AccountRoleName.optional(), disabled: z.boolean().optional() }),
    async run(context, { account, ...patch }) {
      const changed = await audited(
        context,
        { action: 'write', route: 'accounts change' },
        (tx) => changeAccount(tx, context.keys, account, patch, context.now()),
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
        { action: 'write', route: 'accounts reset-totp' },
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
        { action: 'delete', route: 'accounts remove' },
        async (tx) => {
          await removeAccount(tx, account);
          return { account };
        },
        () => account,
      ),
  }),
  'accounts link': operation({
    args: z.strictObject({ account: Uuid }),
    run: (context, { account }) =>
      audited(
        context,
        { action: 'write', route: 'accounts link' },
        async (tx) => {
          const row = await lockAccount(tx, account);
          if (row.disabled_at)
            throw new Problem('account-disabled', 'This account is disabled.', 'Enable it: sp accounts enable ID');
          return { account, ...(await linkOf(context, tx, account)) };
        },
        () => account,
      ),
  }),
} as const;
