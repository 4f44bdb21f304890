import type { Command } from 'commander';
import type { z } from 'zod';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import {
  type AccountShape as Account,
  changeAccount,
  createAccount,
  createAccountLink,
  listAccounts,
  removeAccount,
  resetSecondFactor,
  type SignInLink,
} from '../../../sync/protocol/api/accounts.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { call } from '../server/environment.ts';

const ROLES = ['admin', 'dpo', 'staff', 'auditor'] as const;
type RoleName = (typeof ROLES)[number];

/** `accounts add|list|role|disable|enable|reset-totp|remove|link`: who may sign in to the console. */
export function registerAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('Manage who can sign in to the console, and in which role. Works even if no one can sign in.');
  accounts
    .command('add')
    .description('Create an account and a one-time link for its owner to set a password and second factor.')
    .argument('<email>', 'e-mail address its owner signs in with')
    .requiredOption('--role <role>', ROLES.join(' | '))
    .option('--json', 'one JSON object: {"account","link","expiresAt"}')
    .addHelpText('after', EXIT_HELP)
    .action(async (email: string, o: { role: string; json?: boolean }) => {
      const { account, link } = await call(createAccount, { body: { email, role: roleOf(o.role) } });
      print(o.json, { account, ...linkOf(link) }, `${account.id}\n\n${linkText(link)}`);
    });
  accounts
    .command('list', { isDefault: true })
    .description('List all accounts.')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXIT_HELP)
    .action(async (o: { json?: boolean }) => {
      const { accounts: list } = await call(listAccounts);
      for (const account of list) print(o.json, account, line(account));
      if (list.length === 0 && !o.json)
        process.stdout.write(`No accounts yet. Add one: ${command('accounts add EMAIL --role admin')}\n`);
    });
  accounts
    .command('role')
    .description('Change an account’s role. Ends its sessions.')
    .argument('<id>', 'see `accounts list`')
    .argument('<role>', ROLES.join(' | '))
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (account: string, role: string, o: { json?: boolean }) => {
      const changed = await call(changeAccount, { params: { account }, body: { role: roleOf(role) } });
      print(o.json, changed, line(changed));
    });
  for (const disabled of [true, false]) {
    const verb = disabled ? 'disable' : 'enable';
    accounts
      .command(verb)
      .description(disabled ? 'Disable an account. Ends its sessions and links.' : 'Enable a disabled account.')
      .argument('<id>', 'see `accounts list`')
      .option('--json', 'one JSON object')
      .addHelpText('after', EXIT_HELP)
      .action(async (account: string, o: { json?: boolean }) => {
        const changed = await call(changeAccount, { params: { account }, body: { disabled } });
        print(o.json, changed, line(changed));
      });
  }
  accounts
    .command('reset-totp')
    .description('Reset the second factor and recovery codes. The owner sets them up again at the next sign-in.')
    .argument('<id>', 'see `accounts list`')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (account: string, o: { json?: boolean }) => {
      const changed = await call(resetSecondFactor, { params: { account } });
      print(o.json, changed, line(changed));
    });
  accounts
    .command('remove')
    .description('Remove a disabled account. Its activity stays in the audit log, under its ID.')
    .argument('<id>', 'see `accounts list`')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (account: string, o: { json?: boolean }) => {
      await call(removeAccount, { params: { account } });
      print(o.json, { account }, `${account} is removed.`);
    });
  accounts
    .command('link')
    .description('Create a one-time link for an account’s owner to set a new password.')
    .argument('<id>', 'see `accounts list`')
    .option('--json', 'one JSON object: {"account","link","expiresAt"}')
    .addHelpText(
      'after',
      `
The link doesn't replace the second factor: if one is set up, its code is required too. If it is lost, use reset-totp first.${EXIT_HELP}`,
    )
    .action(async (account: string, o: { json?: boolean }) => {
      const link = await call(createAccountLink, { params: { account } });
      print(o.json, { account, ...linkOf(link) }, linkText(link));
    });
}

function roleOf(text: string): RoleName {
  const role = ROLES.find((r) => r === text);
  if (role) return role;
  throw new Problem('arguments-wrong', { reason: `There is no role ${text}. Choose one of: ${ROLES.join(', ')}.` });
}

type Link = z.output<typeof SignInLink>;

const linkOf = ({ url, expiresAt }: Link) => ({ link: url, expiresAt });

const linkText = ({ url, expiresAt }: Link): string =>
  `${url}\n\nFor the account’s owner alone. It works once, until ${expiresAt}.`;

function line({ id, role, email, enrolled, disabledAt, signedInAt }: Account): string {
  const state = disabledAt ? 'disabled' : enrolled ? 'ready' : 'to enrol';
  const seen = signedInAt ? `signed in ${signedInAt}` : 'never signed in';
  return `${id}  ${role.padEnd(7)}  ${state.padEnd(8)}  ${email ?? '(the operator of this machine)'}  (${seen})`;
}

function print(json: boolean | undefined, value: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : sentence}\n`);
}
