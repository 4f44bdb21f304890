import { hash, X509Certificate } from 'node:crypto';
import type { DeviceRequest } from '../wire/provisioning.ts';
import { keyId } from './keys.ts';

/**
 * What an administrator compares on both screens: SHA-256 over the three public keys, in groups of four
 * hexadecimal digits (64 bits: enough against a second pre-image in the minutes that a comparison takes).
 */
export async function deviceFingerprint(request: DeviceRequest): Promise<string> {
  const { csrPublicKey } = await import('./csr.ts');
  const tls = csrPublicKey(request.csr).toString('base64url');
  const parts = [await keyId(request.ed25519PublicJwk), await keyId(request.x25519PublicJwk), tls];
  return groups(hash('sha256', parts.join('\n'), 'hex').slice(0, 16));
}

/** Bytes of a CA's pin. */
export const PIN_BYTES = 12;

/**
 * First 96 bits of SHA-256 over a CA's public key (SPKI DER): what a code pins. A second key with the same pin costs 2⁹⁶
 * attempts. A cross certificate has the pin of the CA that it is about.
 */
export function caPin(certificate: X509Certificate | string): Buffer {
  const { publicKey } = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'buffer').subarray(0, PIN_BYTES);
}

/** The pin as people compare it. */
export function serverFingerprint(caPem: string): string {
  return groups(caPin(caPem).toString('hex'));
}

/** Whether two fingerprints are the same but for spaces, dashes and case. */
export function sameFingerprint(a: string, b: string): boolean {
  const plain = (text: string) => text.replace(/[\s:-]/g, '').toLowerCase();
  return plain(a).length > 0 && plain(a) === plain(b);
}

function groups(hex: string): string {
  return hex.match(/.{4}/g)!.join(' ');
}
