import { hkdfSync } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';

/** All keys and secrets of the kiosk are 32 bytes: AES-256, and the strength of HKDF-SHA-256. */
export const KEY_BYTES = 32;

/** One sub-key per purpose: a key that leaks from one use decrypts nothing else (NIST SP 800-108, "key separation"). */
export const STORE_PURPOSES = {
  /** Raw key of SQLCipher's pages. */
  pages: 'store-page-key',
  /** Wraps each person's key for records: names, numbers, templates, event values. */
  personKeys: 'person-key-kek',
  /** Wraps each person's key for photos. */
  vault: 'vault-kek',
  /** Event values of people who no longer have a key, e.g. of a deletion that the server must learn of. */
  storeValues: 'store-values',
} as const;

/** Purposes under the permanent root, which `store rekey` keeps: PIN hashes can't be recomputed without the PINs. */
export const DEVICE_PURPOSES = {
  pinPepper: 'pin-pepper',
  lockout: 'lockout-subjects',
  /** Digests for recognising a picture of an import. */
  imports: 'import-digests',
} as const;

export type StorePurpose = keyof typeof STORE_PURPOSES;
export type DevicePurpose = keyof typeof DEVICE_PURPOSES;

/** Returns HKDF-SHA-256 (RFC 5869) of a 32-byte root for one purpose. */
export function deriveKey(root: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', root, new Uint8Array(), `smartpresence/kiosk/v1/${purpose}`, KEY_BYTES));
}

/**
 * Refuses a value that can't be 32 random bytes: another length, few distinct values, a counting sequence, printable text. A
 * random secret fails this with a probability below 2^-60.
 *
 * @throws Problem `secret-malformed`, `secret-weak`
 */
export function requireStrong(secret: Uint8Array, name: string): void {
  if (secret.length !== KEY_BYTES)
    throw new Problem('secret-malformed', { name, length: KEY_BYTES, bytes: secret.length });
  const steps = new Set(secret.subarray(1).map((byte, i) => byte - secret[i]!));
  const weak = new Set(secret).size < 16 || steps.size < 8 || secret.every((byte) => byte >= 0x20 && byte < 0x7f);
  if (weak) throw new Problem('secret-weak', { name, length: KEY_BYTES });
}
