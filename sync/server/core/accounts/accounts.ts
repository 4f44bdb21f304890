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

/** Role of an account. A person who needs two roles has two accounts, so the audit log shows in which role they acted. */
export type AccountRole = Exclude<Role, 'person'>;

/**
 * Account of the person who runs the server's machine. Created when a link that the server printed is first used.
 */
export const OPERATOR_ACCOUNT = '00000000-0000-4000-8000-000000000001';

export type AccountRow = Row<'account'>;

/** Returns whether the account has everything that a sign-in needs. */
export const isEnrolled = (row: Pick<AccountRow, 'password' | 'totp_confirmed_at'>): boolean =>
  row.password !== null && row.totp_confirmed_at !== null;

/** @throws Problem `account-unknown` */
export async function lockAccount(tx: Tx, id: string): Promise<AccountRow> {
  const row = await findLocked(tx, 'account', { id });
  if (!row) throw new Problem('account-unknown');
  return row;
}

/** Returns the account with this address; null if there is none. */
export const accountByEmail = async (db: Kysely<Tables>, keys: Keys, email: string): Promise<AccountRow | null> =>
  (await find(db, 'account', { email_index: emailIndexes(keys, email) })) ?? null;

/**
 * Reserves an address for this transaction: if two accounts claim it at once, the second one sees that it is taken.
 *
 * @param account account that may already have the address
 * @throws Problem `email-taken`
 */
export async function claimEmail(tx: Tx, keys: Keys, email: string, account: string | null): Promise<void> {
  await lockName(tx, 'account-emails');
  const owner = await accountByEmail(tx, keys, email);
  if (owner && owner.id !== account) throw new Problem('email-taken');
}

/**
 * Returns the holder of a session that this account's link opens. Until password and second factor are set, such a session
 * can do nothing but set them, since a link is no second factor.
 *
 * @throws Problem `account-disabled`, `account-unknown`
 */
export async function holderOf(tx: Tx, id: string): Promise<Holder> {
  const row = await lockAccount(tx, id);
  if (row.disabled_at) throw disabled();
  return { role: row.role, account: id, stage: 'enrol' };
}

/**
 * Returns the holder of the operator's account, which is created at its first use. Its link is printed on the server's own
 * machine, where the keys can be read too. So it signs in fully, but is printed only while no administrator has a second
 * factor.
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

/** Returns whether an enabled administrator has password and second factor. */
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
 * Changes role or state, and ends the account's sessions. Refuses to remove the last administrator.
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
  // Serialises two administrators who disable each other at the same time.
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

/** Removes second factor and recovery codes: after its password, the account sets them again. Ends its sessions. */
export async function resetTotp(tx: Tx, keys: Keys, id: string): Promise<AccountShape> {
  const row = await lockAccount(tx, id);
  const cleared = { totp: null, totp_next: null, totp_confirmed_at: null, totp_step: 0 };
  await update(tx, 'account', { id }, cleared);
  await remove(tx, 'recovery_code', { account: id });
  await endSessionsOf(tx, { account: id });
  return shown(keys, { ...row, ...cleared });
}

/**
 * Deletes a disabled account with its address, password, second factor and links. The audit log keeps its actions, by id.
 *
 * @throws Problem `account-unknown`, `account-not-disabled`
 */
export async function removeAccount(tx: Tx, id: string): Promise<void> {
  const row = await lockAccount(tx, id);
  if (!row.disabled_at) throw new Problem('account-not-disabled');
  await remove(tx, 'account', { id });
}

/** Returns an account as the API shows it, without secrets and hashes. */
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
