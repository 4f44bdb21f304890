import type { Db } from '../database/schema.ts';
import { type Keys, type Place, placeOf } from '../keys/envelope.ts';

/**
 * Addresses of accounts: sealed under `field`, found by a blind index. Accounts are not people of the attendance: they have
 * no person key, and go by being removed.
 */

const place = (account: string, rowVersion: number): Place => placeOf('account.email', account, { rowVersion });

/** As it is compared: trimmed, Unicode NFC, lower case. */
export const normalEmail = (text: string): string => text.trim().normalize('NFC').toLowerCase();

export const sealEmail = (keys: Keys, account: string, rowVersion: number, email: string): Buffer =>
  keys.sealJson(place(account, rowVersion), email.trim());

export const openEmail = (keys: Keys, account: string, rowVersion: number, sealed: Uint8Array): string =>
  String(keys.openJson(place(account, rowVersion), sealed));

const FIELD = 'account.email';

/** What is stored. */
export const emailIndex = (keys: Keys, email: string): Buffer => keys.blindIndex(FIELD, normalEmail(email));

/** What a look-up compares with: under every version of the keys while they rotate. */
export const emailIndexes = (keys: Keys, email: string): Buffer[] => keys.blindIndexes(FIELD, normalEmail(email));

/** The address of an account; null: the operator, the server itself, an account without one, or one that was removed. */
export type EmailOf = (account: string | null) => string | null;

/** For who did what. No address is opened but those that are asked for. */
export async function emailsOf(db: Db, keys: Keys): Promise<EmailOf> {
  const rows = await db.selectFrom('account').select(['id', 'row_version', 'email']).execute();
  const sealed = new Map(rows.map((row) => [row.id, row]));
  return (account) => {
    const row = account === null ? undefined : sealed.get(account);
    return row?.email ? openEmail(keys, row.id, row.row_version, row.email) : null;
  };
}
