import { createHash } from 'node:crypto';

/** Secret of argon2 with which kiosks of one server hash PINs: 32 bytes, which the server sends them. */
export const PIN_PEPPER_BYTES = 32;
const DOMAIN = Buffer.from('smartpresence/pin-pepper\0', 'ascii');

/** Name of a pepper: SHA-256 of domain and pepper, unpadded base64url. */
export function pinPepperId(pepper: Uint8Array): string {
  return createHash('sha256').update(DOMAIN).update(pepper).digest('base64url');
}
