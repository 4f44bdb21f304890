import { createHash } from 'node:crypto';
import { base32, RFC4648 } from './base32.ts';

/**
 * A technician's second factor for the kiosk's menu: a secret from which an authenticator app generates codes (RFC 6238:
 * HMAC-SHA-1, 6 digits, 30 s), and paper codes for when those don't work (wrong clock, lost phone). Made at a kiosk, or by the
 * server for the kiosks of a site.
 */

export const STEP_MS = 30_000;
export const APP_DIGITS = 6;
/** RFC 4226 §4: at least 128 bits, 160 recommended. */
const SECRET_BYTES = 20;
export const PAPER_CODES = 5;
/** Long enough that it can't be guessed within the lockout period, and a different length from the app's codes. */
export const PAPER_DIGITS = 10;

export const secretText = (secret: Uint8Array): string => base32(secret, RFC4648);

/** Returns the URI that an authenticator app reads from the QR code. `label` is what the app displays. */
export function technicianUri(secret: Uint8Array, label: string): string {
  const query = `secret=${secretText(secret)}&issuer=SmartPresence&algorithm=SHA1&digits=${APP_DIGITS}&period=${STEP_MS / 1000}`;
  return `otpauth://totp/SmartPresence:${encodeURIComponent(label)}?${query}`;
}

/** Returns what is stored of a paper code. A plain hash is enough: anyone who can read it can also read the secret. */
export const paperHash = (code: string): string => createHash('sha256').update(code).digest('base64url');

/** Returns new paper codes, to be shown once. @param random returns bytes of the system's random generator */
export const newPaper = (random: (bytes: number) => Uint8Array): string[] =>
  Array.from({ length: PAPER_CODES }, () => paperCode(random));

/** Returns ten uniformly distributed digits. */
function paperCode(random: (bytes: number) => Uint8Array): string {
  const most = 10 ** PAPER_DIGITS;
  for (;;) {
    const value = Buffer.from(random(6)).readUIntBE(0, 6);
    // 2^48 isn't a multiple of 10^10: the remainder at the end would favour small numbers.
    if (value < Math.floor(2 ** 48 / most) * most) return String(value % most).padStart(PAPER_DIGITS, '0');
  }
}

/** Makes a technician's second factor: secret and paper codes, returned only here, and `kept`, which is stored. */
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
