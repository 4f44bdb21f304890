import type { Db } from '../database/schema.ts';
import { type Keys, type Place, placeOf } from '../keys/envelope.ts';

/**
 * E-mail addresses of accounts, encrypted with the sub-key `field` and found by a blind index. Accounts are not the people
 * who check in: they have no person key and are simply deleted.
 */

const place = (account: string, rowVersion: number): Place => placeOf('account.email', account, { rowVersion });

/** Normalises an address for comparison: trimmed, Unicode NFC, lower case. */
export const normalEmail = (text: string): string => text.trim().normalize('NFC').toLowerCase();

export const sealEmail = (keys: Keys, account: string, rowVersion: number, email: string): Buffer =>
  keys.sealJson(place(account, rowVersion), email.trim());

export const openEmail = (keys: Keys, account: string, rowVersion: number, sealed: Uint8Array): string =>
  String(keys.openJson(place(account, rowVersion), sealed));

const FIELD = 'account.email';

/** The blind index to store. */
export const emailIndex = (keys: Keys, email: string): Buffer => keys.blindIndex(FIELD, normalEmail(email));

/** The blind indexes to look up: one per key version, which differ during a rotation. */
export const emailIndexes = (keys: Keys, email: string): Buffer[] => keys.blindIndexes(FIELD, normalEmail(email));

/** Returns an account's address. Null for the operator, the server itself, and accounts that have none or were deleted. */
export type EmailOf = (account: string | null) => string | null;

/** Loads accounts' addresses, to show who did what. Each is only decrypted when requested. */
export async function emailsOf(db: Db, keys: Keys): Promise<EmailOf> {
  const rows = await db.selectFrom('account').select(['id', 'row_version', 'email']).execute();
  const sealed = new Map(rows.map((row) => [row.id, row]));
  return (account) => {
    const row = account === null ? undefined : sealed.get(account);
    return row?.email ? openEmail(keys, row.id, row.row_version, row.email) : null;
  };
}
