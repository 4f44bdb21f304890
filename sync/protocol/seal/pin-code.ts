import { hash } from 'node:crypto';

/**
 * A code with which a person chooses their own PIN at a kiosk: twelve digits, typed instead of the PIN. Its issuer shows it once.
 * Server and kiosks store a hash that is specific to the person.
 */

export const PIN_CODE_DIGITS = 12;
const DOMAIN = Buffer.from('smartpresence/pin-code\0', 'ascii');

/** SHA-256 of domain, person (16 bytes) and digits, unpadded base64url. */
export function pinCodeHash(person: string, code: string): string {
  const id = Buffer.from(person.replaceAll('-', ''), 'hex');
  return hash('sha256', Buffer.concat([DOMAIN, id, Buffer.from(code, 'ascii')]), 'base64url');
}
