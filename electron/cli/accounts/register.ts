import type { Command } from 'commander';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { ResultOf } from '../../../sync/server/app/operations.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { operate } from '../server/environment.ts';

const ROLES = ['admin', 'dpo', 'staff', 'auditor'] as const;
type RoleName = (typeof ROLES)[number];
type Account = ResultOf<'accounts list'>[number];

/** `accounts add|list|role|disable|enable|reset-totp|remove|link`: who may sign in to the console. */
export function registerAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('Who may sign in to the console, as which role. Also for when nobody can any more.');
  accounts
    .command('add')
    .description('Make an account and a one-time link with which its owner sets password and second factor.')
    .argument('<email>', 'what its owner signs in with')
    .requiredOption('--role <role>', ROLES.join(' | '))
    .option('--json', 'one JSON object: {"account","link","expiresAt"}')
    .addHelpText('after', EXIT_HELP)
    .action(async (email: string, o: { role: string; json?: boolean }) => {
      const made = await operate('accounts add', { email, role: roleOf(o.role) });
      print(o.json, made, `${made.account.id}\n\n${linkText(made)}`);
    });
  accounts
    .command('list', { isDefault: true })
    .description('All accounts.')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXIT_HELP)
    .action(async (o: { json?: boolean }) => {
      const list = await operate('accounts list', {});
      for (const account of list) print(o.json, account, line(account));
      if (list.length === 0 && !o.json)
        process.stdout.write(`No accounts yet. Add one: ${command('accounts add EMAIL --role admin')}\n`);
    });
  accounts
    .command('role')
    .description('Give an account another role. Ends its sessions.')
    .argument('<id>', 'see `accounts list`')
    .argument('<role>', ROLES.join(' | '))
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (account: string, role: string, o: { json?: boolean }) => {
      const changed = await operate('accounts change', { account, role: roleOf(role) });
      print(o.json, changed, line(changed));
    });
  for (const disabled of [true, false]) {
    const verb = disabled ? 'disable' : 'enable';
    accounts
      .command(verb)
      .description(
        disabled ? 'Let an account in no more. Ends its sessions and links.' : 'Let a disabled account in again.',
      )
      .argument('<id>', 'see `accounts list`')
      .option('--json', 'one JSON object')
      .addHelpText('after', EXIT_HELP)
      .action(async (account: string, o: { json?: boolean }) => {
        const changed = await operate('accounts change', { account, disabled });
        print(o.json, changed, line(changed));
      });
  }
  accounts
    .command('reset-totp')
    .description('Take back second factor and recovery codes: the owner sets them again after the password.')
    .argument('<id>', 'see `accounts list`')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (account: string, o: { json?: boolean }) => {
      const changed = await operate('accounts reset-totp', { account });
      print(o.json, changed, line(changed));
    });
  accounts
    .command('remove')
    .description('Remove a disabled account. What it did stays in the audit log, under its id.')
    .argument('<id>', 'see `accounts list`')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (account: string, o: { json?: boolean }) => {
      print(o.json, await operate('accounts remove', { account }), `${account} is removed.`);
    });
  accounts
    .command('link')
    .description('Make a one-time link with which an account’s owner sets a new password.')
    .argument('<id>', 'see `accounts list`')
    .option('--json', 'one JSON object: {"account","link","expiresAt"}')
    .addHelpText(
      'after',
      `
The link is no second factor: where one is set, its code is asked for as well; lost: reset-totp first.${EXIT_HELP}`,
    )
    .action(async (account: string, o: { json?: boolean }) => {
      const made = await operate('accounts link', { account });
      print(o.json, made, linkText(made));
    });
}

function roleOf(text: string): RoleName {
  const role = ROLES.find((r) => r === text);
  if (role) return role;
  throw new Problem('arguments-wrong', `There is no role ${text}.`, `Choose one of: ${ROLES.join(', ')}.`);
}

const linkText = ({ link, expiresAt }: { link: string; expiresAt: string }): string =>
  `${link}\n\nFor the account’s owner alone. It works once, until ${expiresAt}.`;

function line({ id, role, email, enrolled, disabledAt, signedInAt }: Account): string {
  const state = disabledAt ? 'disabled' : enrolled ? 'ready' : 'to enrol';
  const seen = signedInAt ? `signed in ${signedInAt}` : 'never signed in';
  return `${id}  ${role.padEnd(7)}  ${state.padEnd(8)}  ${email ?? '(the operator of this machine)'}  (${seen})`;
}

function print(json: boolean | undefined, value: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : sentence}\n`);
}
