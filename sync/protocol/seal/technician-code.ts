import { createHash } from 'node:crypto';
import { base32, RFC4648 } from './base32.ts';

/**
 * What a technician enters a kiosk's menu with: a secret that an authenticator app makes codes of (RFC 6238: HMAC-SHA-1, 6
 * digits, 30 s), and codes on paper for when no code fits: another clock, a lost telephone. Made at a kiosk, or by the server
 * for the kiosks of a site.
 */

export const STEP_MS = 30_000;
export const APP_DIGITS = 6;
/** RFC 4226 §4: at least 128 bits, 160 advised. */
const SECRET_BYTES = 20;
export const PAPER_CODES = 5;
/** Long enough that none is guessed within the lockout period, and different from the app's. */
export const PAPER_DIGITS = 10;

export const secretText = (secret: Uint8Array): string => base32(secret, RFC4648);

/** What an authenticator app reads from the QR code. `label` is what it shows. */
export function technicianUri(secret: Uint8Array, label: string): string {
  const query = `secret=${secretText(secret)}&issuer=SmartPresence&algorithm=SHA1&digits=${APP_DIGITS}&period=${STEP_MS / 1000}`;
  return `otpauth://totp/SmartPresence:${encodeURIComponent(label)}?${query}`;
}

/** What is kept of a code on paper. Anyone who reads where it is kept has the secret too. */
export const paperHash = (code: string): string => createHash('sha256').update(code).digest('base64url');

/** Codes on paper, shown once. @param random bytes of the system's generator */
export const newPaper = (random: (bytes: number) => Uint8Array): string[] =>
  Array.from({ length: PAPER_CODES }, () => paperCode(random));

/** Ten digits, each as likely as any other. */
function paperCode(random: (bytes: number) => Uint8Array): string {
  const most = 10 ** PAPER_DIGITS;
  for (;;) {
    const value = Buffer.from(random(6)).readUIntBE(0, 6);
    // 2^48 is no multiple of 10^10: what is left over at the end would favour small numbers.
    if (value < Math.floor(2 ** 48 / most) * most) return String(value % most).padStart(PAPER_DIGITS, '0');
  }
}

/** A technician's second factor: secret and codes on paper, which leave here once, and what is kept of them. */
export function newFactor(random: (bytes: number) => Uint8Array) {
  const secret = random(SECRET_BYTES);
  const paper = newPaper(random);
  const kept = {
    secret: Buffer.from(secret).toString('base64url'),
    paper: paper.map((code, i) => ({ n: i + 1, hash: paperHash(code) })),
  };
  return { secret, paper, kept };
}
export type NewFactor = ReturnType<typeof newFactor>;
