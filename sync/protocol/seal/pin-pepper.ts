import { createHash } from 'node:crypto';

/** argon2's secret, with which the kiosks of one server hash PINs: 32 bytes, sent by the server. */
export const PIN_PEPPER_BYTES = 32;
const DOMAIN = Buffer.from('smartpresence/pin-pepper\0', 'ascii');

/** Returns a pepper's id: SHA-256 of domain and pepper, unpadded base64url. */
export function pinPepperId(pepper: Uint8Array): string {
  return createHash('sha256').update(DOMAIN).update(pepper).digest('base64url');
}
