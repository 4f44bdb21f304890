import { randomBytes } from 'node:crypto';
import { generateSecret, generateURI, verifySync } from 'otplib';
import { Problem } from '../../../errors/problem.ts';
import { endSessionsOf, type Session } from '../../platform/access/session.ts';
import { count, insert, remove, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { emailIndex, openEmail, sealEmail } from '../../platform/http/email.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { type AccountRow, claimEmail } from './accounts.ts';

/** Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, which every authenticator app supports. */

/** Tolerated clock difference in either direction: one time step, s. */
const TOLERANCE_S = 30;

/** `totp`: in use; `totp-next`: shown to its owner, who has yet to prove that their app has it. */
export type TotpSlot = 'totp' | 'totp-next';

const place = (slot: TotpSlot, account: string, rowVersion: number): Place =>
  placeOf(`account.${slot}`, account, { rowVersion });

const sealTotp = (keys: Keys, slot: TotpSlot, account: string, rowVersion: number, secret: string): Buffer =>
  keys.sealJson(place(slot, account, rowVersion), secret);

const openTotp = (keys: Keys, slot: TotpSlot, account: string, rowVersion: number, sealed: Uint8Array): string =>
  String(keys.openJson(place(slot, account, rowVersion), sealed));

/** 160 random bits, base32 (RFC 4226 §4). */
const newTotp = (): string => generateSecret({ length: 20 });

/** `otpauth://` address for the QR code of an authenticator app. */
export const totpUri = (secret: string, label: string): string =>
  generateURI({ issuer: 'SmartPresence', label, secret });

/**
 * @param afterStep newest time step accepted before: neither its code nor an earlier one is accepted again (RFC 6238 §5.2)
 * @returns the time step of the code; null if it is wrong, or was used
 */
function totpStep(secret: string, code: string, afterStep: number, now: Date): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const epoch = Math.floor(now.getTime() / 1000);
  const result = verifySync({ secret, token: code, epoch, epochTolerance: TOLERANCE_S });
  if (!result.valid || !('timeStep' in result)) return null;
  return result.timeStep > afterStep ? result.timeStep : null;
}

/** Credentials of an account: address, password, second factor, recovery codes. */

const RECOVERY_CODES = 10;
/** 80 bits: can't be guessed, and can still be typed from paper. */
const RECOVERY_BYTES = 10;
/** Crockford's base32, without letters that are easily confused. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * Checks a code of the authenticator app, or a recovery code, and uses it up.
 *
 * @param row locked
 * @returns whether it was right; always false if no second factor is set
 */
export async function useSecondFactor(tx: Tx, keys: Keys, row: AccountRow, code: string, now: Date): Promise<boolean> {
  if (!row.totp || !row.totp_confirmed_at) return false;
  const typed = code.replaceAll(/[\s-]/g, '').toLowerCase();
  if (/^\d{6}$/.test(typed)) {
    const step = totpStep(openTotp(keys, 'totp', row.id, row.row_version, row.totp), typed, Number(row.totp_step), now);
    if (step === null) return false;
    await update(tx, 'account', { id: row.id }, { totp_step: step });
    return true;
  }
  const hash = keys.hashToken(recoveryText(row.id, typed));
  return (await update(tx, 'recovery_code', { account: row.id, used_at: null, hash }, { used_at: now })) > 0;
}

const recoveryText = (account: string, code: string): string => `recovery/${account}/${code}`;

/** Makes new recovery codes and deletes the old ones. They are shown once: only keyed hashes are stored. */
export async function newRecoveryCodes(tx: Tx, keys: Keys, account: string): Promise<string[]> {
  await remove(tx, 'recovery_code', { account });
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    // 5 bits per letter. 256 is a multiple of 32, so all letters are equally likely.
    const letters = [...randomBytes((RECOVERY_BYTES * 8) / 5)].map((b) => ALPHABET[b % 32]!);
    return letters.join('');
  });
  const rows = codes.map((code) => ({ hash: keys.hashToken(recoveryText(account, code)), account, used_at: null }));
  await insert(tx, 'recovery_code', rows);
  return codes.map((code) => code.replaceAll(/(.{4})(?!$)/g, '$1-'));
}

export const recoveryCodesLeft = (tx: Tx, account: string): Promise<number> =>
  count(tx, 'recovery_code', { account, used_at: null });

/**
 * Sets address or password, and ends the account's other sessions.
 *
 * @param row locked
 * @param change `password`: PHC string
 * @throws Problem `email-taken`
 */
export async function setSignIn(
  tx: Tx,
  keys: Keys,
  row: AccountRow,
  change: { readonly email?: string | undefined; readonly password?: string | undefined },
  except: Session,
): Promise<void> {
  if (change.email !== undefined) await claimEmail(tx, keys, change.email, row.id);
  await writeSealed(tx, keys, row, { email: change.email });
  if (change.password !== undefined) await update(tx, 'account', { id: row.id }, { password: change.password });
  await endSessionsOf(tx, { account: row.id }, except);
}

/** Makes a shared secret that becomes the second factor once confirmed by a code (`confirmTotp`). @returns base32 */
export async function offerTotp(tx: Tx, keys: Keys, row: AccountRow): Promise<string> {
  const secret = newTotp();
  await writeSealed(tx, keys, row, { totpNext: secret });
  return secret;
}

/**
 * Makes the offered secret the second factor, and ends the account's other sessions.
 *
 * @param row locked
 * @returns recovery codes; null if the code is wrong
 * @throws Problem `second-factor-not-offered`
 */
export async function confirmTotp(
  tx: Tx,
  keys: Keys,
  row: AccountRow,
  code: string,
  now: Date,
  except: Session,
): Promise<string[] | null> {
  if (!row.totp_next) throw new Problem('second-factor-not-offered');
  const secret = openTotp(keys, 'totp-next', row.id, row.row_version, row.totp_next);
  const step = totpStep(secret, code.replaceAll(/\s/g, ''), 0, now);
  if (step === null) return null;
  await writeSealed(tx, keys, row, { totp: secret, totpNext: null });
  await update(tx, 'account', { id: row.id }, { totp_confirmed_at: now, totp_step: step });
  await endSessionsOf(tx, { account: row.id }, except);
  return newRecoveryCodes(tx, keys, row.id);
}

/** Gives a session that has completed its set-up all rights of its role. */
export async function finishEnrolment(tx: Tx, session: Session, now: Date): Promise<void> {
  await update(tx, 'session', { hash: session.hash }, { stage: 'full' });
  await update(tx, 'account', { id: session.account! }, { signed_in_at: now });
}

/** Re-encrypts all of an account's values under its next row version, so that none of the old ones can be put back. */
async function writeSealed(
  tx: Tx,
  keys: Keys,
  row: AccountRow,
  change: { readonly email?: string | undefined; readonly totp?: string; readonly totpNext?: string | null },
): Promise<void> {
  const { id, row_version: before } = row;
  const version = before + 1;
  const email = change.email ?? (row.email ? openEmail(keys, id, before, row.email) : null);
  const totp = change.totp ?? (row.totp ? openTotp(keys, 'totp', id, before, row.totp) : null);
  const kept = row.totp_next ? openTotp(keys, 'totp-next', id, before, row.totp_next) : null;
  const next = change.totpNext === undefined ? kept : change.totpNext;
  const sealed = {
    row_version: version,
    email: email === null ? null : sealEmail(keys, id, version, email),
    email_index: email === null ? null : emailIndex(keys, email),
    totp: totp === null ? null : sealTotp(keys, 'totp', id, version, totp),
    totp_next: next === null ? null : sealTotp(keys, 'totp-next', id, version, next),
  };
  await update(tx, 'account', { id }, sealed);
}
