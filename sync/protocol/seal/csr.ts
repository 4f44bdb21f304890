import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/*
 * Certificate requests (PKCS #10). Import this only when one is made or read: the library adds 50 ms to a kiosk's start, and a
 * kiosk needs it only to join and to renew.
 */

/**
 * Makes a certificate request in the name of `device`, PEM.
 *
 * @param keyPem P-256 key, PKCS #8 PEM
 */
export async function createCsr(device: string, keyPem: string): Promise<string> {
  const pkcs8 = x509.PemConverter.decodeFirst(keyPem);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, P256, true, ['sign']);
  const { d: _, key_ops: __, ...jwk } = await crypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await crypto.subtle.importKey('jwk', jwk, P256, true, ['verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: [{ CN: [device] }], keys: { privateKey, publicKey }, signingAlgorithm: P256 },
    crypto,
  );
  return csr.toString('pem');
}

/** Returns the public key of a request, SPKI DER. */
export const csrPublicKey = (csr: string): Buffer =>
  Buffer.from(new x509.Pkcs10CertificateRequest(csr).publicKey.rawData);
