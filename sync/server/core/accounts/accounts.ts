import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import type { AccountShape } from '../../../protocol/api/accounts.ts';
import type { Role } from '../../../protocol/api/endpoint.ts';
import { endSessionsOf, type Holder } from '../../platform/access/session.ts';
import { lockName } from '../../platform/database/once.ts';
import {
  exists,
  find,
  findLocked,
  findSorted,
  insert,
  insertNew,
  not,
  remove,
  update,
} from '../../platform/database/rows.ts';
import type { Row, Tables, Tx } from '../../platform/database/schema.ts';
import { emailIndex, emailIndexes, openEmail, sealEmail } from '../../platform/http/email.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/** An account has one role: who needs two kinds of rights has two accounts, so that the audit log says in which they acted. */
export type AccountRole = Exclude<Role, 'person'>;

/**
 * The account of the person who holds the server's own machine; there from the first use of a link that the server
 * printed.
 */
export const OPERATOR_ACCOUNT = '00000000-0000-4000-8000-000000000001';

export type AccountRow = Row<'account'>;

/** Has everything a sign-in needs. */
export const isEnrolled = (row: Pick<AccountRow, 'password' | 'totp_confirmed_at'>): boolean =>
  row.password !== null && row.totp_confirmed_at !== null;

/** @throws Problem `account-unknown` */
export async function lockAccount(tx: Tx, id: string): Promise<AccountRow> {
  const row = await findLocked(tx, 'account', { id });
  if (!row) throw new Problem('account-unknown');
  return row;
}

/** The account of an address, as it is now; null when there is none. */
export const accountByEmail = async (db: Kysely<Tables>, keys: Keys, email: string): Promise<AccountRow | null> =>
  (await find(db, 'account', { email_index: emailIndexes(keys, email) })) ?? null;

/**
 * Keeps an address for this transaction: of two who want it at once, the second sees that it is taken.
 *
 * @param account whose it may be already
 * @throws Problem `email-taken`
 */
export async function claimEmail(tx: Tx, keys: Keys, email: string, account: string | null): Promise<void> {
  await lockName(tx, 'account-emails');
  const owner = await accountByEmail(tx, keys, email);
  if (owner && owner.id !== account) throw new Problem('email-taken');
}

/**
 * Whose session a link of this account opens: one that sets password and second factor, and nothing else before that. A
 * link is no second factor.
 *
 * @throws Problem `account-disabled`, `account-unknown`
 */
export async function holderOf(tx: Tx, id: string): Promise<Holder> {
  const row = await lockAccount(tx, id);
  if (row.disabled_at) throw disabled();
  return { role: row.role, account: id, stage: 'enrol' };
}

/**
 * The operator's account, made at its first use. Its link is printed on the server's own machine, whose holder could read
 * the keys as well: it signs in fully, and is printed only as long as no administrator has a second factor.
 *
 * @throws Problem `account-disabled`
 */
export async function operatorAccount(tx: Tx, now: Date): Promise<Holder> {
  await insertNew(tx, 'account', { id: OPERATOR_ACCOUNT, role: 'admin', made_at: now });
  const row = await lockAccount(tx, OPERATOR_ACCOUNT);
  if (row.disabled_at) throw disabled();
  return { role: row.role, account: OPERATOR_ACCOUNT, stage: 'full' };
}

const disabled = () => new Problem('account-disabled');

/** Whether anyone can administer this server with password and second factor. */
export async function hasEnrolledAdmin(db: Kysely<Tables>): Promise<boolean> {
  const enrolled = { password: not(null), totp_confirmed_at: not(null) };
  return exists(db, 'account', { role: 'admin', disabled_at: null, ...enrolled });
}

/** @throws Problem `email-taken` */
export async function addAccount(
  tx: Tx,
  keys: Keys,
  { role, email }: { role: AccountRole; email: string },
  now: Date,
): Promise<AccountShape> {
  await claimEmail(tx, keys, email, null);
  const id = randomUUID();
  const sealed = { email: sealEmail(keys, id, 1, email), email_index: emailIndex(keys, email), row_version: 1 };
  await insert(tx, 'account', { id, role, ...sealed, made_at: now });
  return shown(keys, await lockAccount(tx, id));
}

export async function listAccounts(db: Kysely<Tables>, keys: Keys): Promise<AccountShape[]> {
  const rows = await findSorted(db, 'account', {}, ['made_at', 'id']);
  return rows.map((row) => shown(keys, row));
}

/**
 * Changes role or state; either ends the account's sessions. The last administrator can't be taken away.
 *
 * @throws Problem `account-unknown`, `last-administrator`
 */
export async function changeAccount(
  tx: Tx,
  keys: Keys,
  id: string,
  patch: { readonly role?: AccountRole | undefined; readonly disabled?: boolean | undefined },
  now: Date,
): Promise<AccountShape> {
  // Two administrators who disable each other at once: one after the other.
  await tx.selectFrom('account').select('id').where('role', '=', 'admin').orderBy('id').forUpdate().execute();
  const row = await lockAccount(tx, id);
  const role = patch.role ?? row.role;
  const disabledAt = patch.disabled === undefined ? row.disabled_at : patch.disabled ? (row.disabled_at ?? now) : null;
  const changed = role !== row.role || (disabledAt === null) !== (row.disabled_at === null);
  if (changed) {
    if (row.role === 'admin' && row.disabled_at === null && (role !== 'admin' || disabledAt !== null))
      if (!(await exists(tx, 'account', { role: 'admin', disabled_at: null, id: not(id) })))
        throw new Problem('last-administrator');
    await update(tx, 'account', { id }, { role, disabled_at: disabledAt });
    await endSessionsOf(tx, { account: id });
  }
  return shown(keys, { ...row, role, disabled_at: disabledAt });
}

/** Takes back second factor and recovery codes: the account enrols again after its password. Ends its sessions. */
export async function resetTotp(tx: Tx, keys: Keys, id: string): Promise<AccountShape> {
  const row = await lockAccount(tx, id);
  const cleared = { totp: null, totp_next: null, totp_confirmed_at: null, totp_step: 0 };
  await update(tx, 'account', { id }, cleared);
  await remove(tx, 'recovery_code', { account: id });
  await endSessionsOf(tx, { account: id });
  return shown(keys, { ...row, ...cleared });
}

/**
 * Removes an account that was disabled before: address, password, second factor and links. What it did stays in the audit
 * log, under its id.
 *
 * @throws Problem `account-unknown`, `account-not-disabled`
 */
export async function removeAccount(tx: Tx, id: string): Promise<void> {
  const row = await lockAccount(tx, id);
  if (!row.disabled_at) throw new Problem('account-not-disabled');
  await remove(tx, 'account', { id });
}

/** An account as the API shows it: no secret, no hash. */
export function shown(keys: Keys, row: AccountRow): AccountShape {
  const at = (date: Date | null) => date?.toISOString() ?? null;
  return {
    id: row.id,
    role: row.role,
    email: row.email ? openEmail(keys, row.id, row.row_version, row.email) : null,
    enrolled: isEnrolled(row),
    madeAt: row.made_at.toISOString(),
    signedInAt: at(row.signed_in_at),
    disabledAt: at(row.disabled_at),
  };
}
