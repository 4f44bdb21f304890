import { type CipherKey, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** AES-256-GCM (NIST SP 800-38D) in one piece: nonce (12) ‖ ciphertext ‖ tag (16). */

export const NONCE_BYTES = 12;
const TAG = 16;
/** Bytes added to the plaintext. */
export const GCM_OVERHEAD = NONCE_BYTES + TAG;

/**
 * @param bound associated data, required again to decrypt
 * @param nonce 12 bytes, never reused under one key; random ones are safe up to 2³² messages per key (§8.3)
 */
export function encryptGcm(
  key: CipherKey,
  bound: Uint8Array,
  plain: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws if it was altered, has other associated data, or is encrypted with another key */
export function decryptGcm(key: CipherKey, bound: Uint8Array, sealed: Uint8Array): Buffer {
  const end = sealed.length - TAG;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG });
  decipher.setAAD(bound).setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, end));
  try {
    decipher.final(); // GCM is a stream mode: final() outputs nothing
    return plain;
  } catch (cause) {
    plain.fill(0);
    throw cause;
  }
}
