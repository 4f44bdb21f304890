import { hash } from 'node:crypto';

/**
 * A code by which a person chooses a PIN of their own at a kiosk: twelve digits, typed where the PIN goes. Its issuer
 * shows it once; server and kiosks keep a hash that is the person's alone.
 */

export const PIN_CODE_DIGITS = 12;
const DOMAIN = Buffer.from('smartpresence/pin-code\0', 'ascii');

/** SHA-256 of domain, person (16 bytes) and digits, unpadded base64url. */
export function pinCodeHash(person: string, code: string): string {
  const id = Buffer.from(person.replaceAll('-', ''), 'hex');
  return hash('sha256', Buffer.concat([DOMAIN, id, Buffer.from(code, 'ascii')]), 'base64url');
}
