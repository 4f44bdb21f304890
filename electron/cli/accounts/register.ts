import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import { command } from '../../../sync/disk/program.ts';
import * as api from '../../../sync/protocol/api/accounts.ts';
import { oneOf } from '../options.ts';
import { print, printEach } from '../output.ts';
import { call } from '../server/environment.ts';

const ROLES = ['admin', 'dpo', 'staff', 'auditor'] as const;

/** `accounts add|list|role|disable|enable|reset-totp|remove|link`: who may sign in to the console. */
export function registerAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('Manage who can sign in to the console, and in which role. Works even if no one can sign in.');
  accounts
    .command('add')
    .description('Create an account and a one-time link for its owner to set a password and second factor.')
    .argument('<email>', 'e-mail address its owner signs in with')
    .requiredOption('--role <role>', ROLES.join(' | '), oneOf(ROLES))
    .option('--json', 'one JSON object: {"account","link","expiresAt"}')
    .action(async (email, o) => {
      const { account, link } = await call(api.createAccount, { body: { email, role: o.role } });
      print(o.json, { account, ...linkOf(link) }, `${account.id}\n\n${linkText(link)}`);
    });
  accounts
    .command('list', { isDefault: true })
    .description('List all accounts.')
    .option('--json', 'one JSON object per line')
    .action(async (o) => {
      const { accounts: list } = await call(api.listAccounts);
      printEach(o.json, list, line, `No accounts yet. Add one: ${command('accounts add EMAIL --role admin')}`);
    });
  const one = (name: string, description: string, json = 'one JSON object') =>
    accounts.command(name).description(description).argument('<id>', 'see `accounts list`').option('--json', json);
  one('role', 'Change an account’s role. Ends its sessions.')
    .argument('<role>', ROLES.join(' | '), oneOf(ROLES))
    .action(async (account, role, o) =>
      print(o.json, await call(api.changeAccount, { params: { account }, body: { role } }), line),
    );
  const disable = (disabled: boolean) => async (account: string, o: { json?: boolean }) =>
    print(o.json, await call(api.changeAccount, { params: { account }, body: { disabled } }), line);
  one('disable', 'Disable an account. Ends its sessions and links.').action(disable(true));
  one('enable', 'Enable a disabled account.').action(disable(false));
  one(
    'reset-totp',
    'Reset the second factor and recovery codes. The owner sets them up again at the next sign-in.',
  ).action(async (account, o) => print(o.json, await call(api.resetSecondFactor, { params: { account } }), line));
  one('remove', 'Remove a disabled account. Its activity stays in the audit log, under its ID.').action(
    async (account, o) => {
      await call(api.removeAccount, { params: { account } });
      print(o.json, { account }, `${account} was removed.`);
    },
  );
  one(
    'link',
    'Create a one-time link for an account’s owner to set a new password.',
    'one JSON object: {"account","link","expiresAt"}',
  )
    .addHelpText(
      'after',
      `
The link doesn't replace the second factor: if one is set up, its code is required too. If it is lost, use reset-totp first.`,
    )
    .action(async (account, o) => {
      const link = await call(api.createAccountLink, { params: { account } });
      print(o.json, { account, ...linkOf(link) }, linkText(link));
    });
}

type Link = z.output<typeof api.SignInLink>;

const linkOf = ({ url, expiresAt }: Link) => ({ link: url, expiresAt });

const linkText = ({ url, expiresAt }: Link): string =>
  `${url}\n\nFor the account’s owner alone. It works once, until ${expiresAt}.`;

function line({ id, role, email, enrolled, disabledAt, signedInAt }: api.AccountShape): string {
  const state = disabledAt ? 'disabled' : enrolled ? 'ready' : 'second factor not set up';
  const seen = signedInAt ? `signed in ${signedInAt}` : 'never signed in';
  return `${id}  ${role.padEnd(7)}  ${state.padEnd(24)}  ${email ?? '(the operator of this machine)'}  (${seen})`;
}
