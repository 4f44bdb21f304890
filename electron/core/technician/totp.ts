import { createHmac } from 'node:crypto';

/**
 * Time-based one-time passwords (RFC 6238) as every authenticator app speaks them: HMAC-SHA-1, 6 digits, 30 s. Pure; the
 * time is the caller's, ms since 1970.
 */

const STEP_MS = 30_000;
const DIGITS = 6;
/** RFC 4226 §4: at least 128 bits, 160 advised. */
export const SECRET_BYTES = 20;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6, without padding: 20 bytes need none. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** The code of one time step (RFC 4226 §5.3). */
export function codeAt(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = mac.at(-1)! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** Steps whose codes are taken at this time: this one and its neighbours, for a clock that is half a minute off. */
export function stepsAround(now: number): readonly number[] {
  const step = Math.floor(now / STEP_MS);
  return [step - 1, step, step + 1];
}

/** What an authenticator app reads from the QR code. `label` is what it shows. */
export function totpUri(secret: Uint8Array, label: string): string {
  const query = `secret=${base32(secret)}&issuer=SmartPresence&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`;
  return `otpauth://totp/SmartPresence:${encodeURIComponent(label)}?${query}`;
}
