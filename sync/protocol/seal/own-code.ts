import { createHash, sign, verify } from 'node:crypto';
import type { Ed25519PrivateJwk, Ed25519PublicJwk } from '../wire/batch.ts';
import { base32, fromBase32 } from './base32.ts';
import { signatureKey } from './keys.ts';

/**
 * The code on a person's own page: a bearer code, valid for 60 seconds, that a kiosk verifies offline with the server's public
 * issuer key and accepts once.
 *
 * `SP1:` and Crockford's Base32 of: version (1) ‖ person (16) ‖ issued at, s since 1970 (4, big-endian) ‖ nonce (8) ‖ Ed25519
 * signature (64) over `smartpresence/own-code` ‖ 0 ‖ everything before it.
 */
export interface OwnCode {
  readonly person: string;
  /** Ms since 1970, whole seconds. */
  readonly issuedAt: number;
  /** SHA-256 of the signed bytes. Identifies the code however its text is written. */
  readonly digest: Buffer;
}

/** Prefix of the code's text. */
export const OWN_CODE = 'SP1:';
/** How long a code is valid after it was issued, ms. */
export const OWN_CODE_MS = 60_000;
/** Tolerated difference between the kiosk's clock and the server's, ms, in either direction. */
export const OWN_CODE_SKEW_MS = 30_000;
const VERSION = 1;
const NONCE_AT = 21;
const NONCE_BYTES = 8;
const SIGNATURE_AT = NONCE_AT + NONCE_BYTES;
const SIGNATURE_BYTES = 64;
const DOMAIN = Buffer.from('smartpresence/own-code\0', 'ascii');

/** @param o `issuedAt` ms since 1970, truncated to the second; `nonce` 8 random bytes */
export function writeOwnCode(
  o: { readonly person: string; readonly issuedAt: number; readonly nonce: Uint8Array },
  issuer: Ed25519PrivateJwk,
): string {
  const head = Buffer.alloc(SIGNATURE_AT);
  head[0] = VERSION;
  head.write(o.person.replaceAll('-', ''), 1, 'hex');
  head.writeUInt32BE(Math.floor(o.issuedAt / 1000), 17);
  head.set(o.nonce.subarray(0, NONCE_BYTES), NONCE_AT);
  const signature = sign(null, Buffer.concat([DOMAIN, head]), signatureKey(issuer));
  return OWN_CODE + base32(Buffer.concat([head, signature]));
}

/** Reads a code; null unless signed by one of the issuers. No other error is reported, and its time is not checked. */
export function readOwnCode(text: string, issuers: readonly Ed25519PublicJwk[]): OwnCode | null {
  if (!text.toUpperCase().startsWith(OWN_CODE)) return null;
  const bytes = fromBase32(text.slice(OWN_CODE.length));
  if (bytes?.length !== SIGNATURE_AT + SIGNATURE_BYTES || bytes[0] !== VERSION) return null;
  const head = bytes.subarray(0, SIGNATURE_AT);
  const signed = Buffer.concat([DOMAIN, head]);
  const signature = bytes.subarray(SIGNATURE_AT);
  if (!issuers.some((key) => verify(null, signed, signatureKey(key), signature))) return null;
  return {
    person: head.toString('hex', 1, 17).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    issuedAt: head.readUInt32BE(17) * 1000,
    digest: createHash('sha256').update(signed).digest(),
  };
}
