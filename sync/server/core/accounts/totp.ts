import { generateSecret, generateURI, verifySync } from 'otplib';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';

/** Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, which is what every authenticator app speaks. */

/** A clock that is one step off, either way, is forgiven, s. */
const TOLERANCE_S = 30;

/** `totp`: in use; `totp-next`: shown to its owner, who has yet to prove that their app has it. */
export type TotpSlot = 'totp' | 'totp-next';

const place = (slot: TotpSlot, account: string, rowVersion: number): Place =>
  placeOf(`account.${slot}`, account, { rowVersion });

export const sealTotp = (keys: Keys, slot: TotpSlot, account: string, rowVersion: number, secret: string): Buffer =>
  keys.sealJson(place(slot, account, rowVersion), secret);

export const openTotp = (keys: Keys, slot: TotpSlot, account: string, rowVersion: number, sealed: Uint8Array): string =>
  String(keys.openJson(place(slot, account, rowVersion), sealed));

/** 160 random bits, base32 (RFC 4226 §4). */
export const newTotp = (): string => generateSecret({ length: 20 });

/** `otpauth://` address for the QR code of an authenticator app. */
export const totpUri = (secret: string, label: string): string =>
  generateURI({ issuer: 'SmartPresence', label, secret });

/**
 * @param afterStep newest time step that was taken before: a code works once, and none before it either (RFC 6238 §5.2)
 * @returns the time step of the code; null when it is wrong, or was used
 */
export function totpStep(secret: string, code: string, afterStep: number, now: Date): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const epoch = Math.floor(now.getTime() / 1000);
  const result = verifySync({ secret, token: code, epoch, epochTolerance: TOLERANCE_S });
  if (!result.valid || !('timeStep' in result)) return null;
  return result.timeStep > afterStep ? result.timeStep : null;
}
