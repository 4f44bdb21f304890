import { hash, X509Certificate } from 'node:crypto';
import type { DeviceRequest } from '../wire/provisioning.ts';
import { keyId } from './keys.ts';

/**
 * The fingerprint that an administrator compares on both screens: SHA-256 over the three public keys, in groups of four
 * hexadecimal digits (64 bits: enough against a second preimage in the minutes that a comparison takes).
 */
export async function deviceFingerprint(request: DeviceRequest): Promise<string> {
  const { csrPublicKey } = await import('./csr.ts');
  const tls = csrPublicKey(request.csr).toString('base64url');
  const parts = [await keyId(request.ed25519PublicJwk), await keyId(request.x25519PublicJwk), tls];
  return groups(hash('sha256', parts.join('\n'), 'hex').slice(0, 16));
}

/** Length of a CA's pin, bytes. */
export const PIN_BYTES = 12;

/**
 * Returns the first 96 bits of SHA-256 over a CA's public key (SPKI DER), which a code pins. Finding a second key with the same
 * pin takes 2⁹⁶ attempts. A cross certificate has the pin of its subject CA.
 */
export function caPin(certificate: X509Certificate | string): Buffer {
  const { publicKey } = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'buffer').subarray(0, PIN_BYTES);
}

/** Returns the pin in the form that people compare. */
export function serverFingerprint(caPem: string): string {
  return groups(caPin(caPem).toString('hex'));
}

/** Returns whether two fingerprints are equal, ignoring spaces, dashes, colons and case. */
export function sameFingerprint(a: string, b: string): boolean {
  const plain = (text: string) => text.replace(/[\s:-]/g, '').toLowerCase();
  return plain(a).length > 0 && plain(a) === plain(b);
}

function groups(hex: string): string {
  return hex.match(/.{4}/g)!.join(' ');
}
