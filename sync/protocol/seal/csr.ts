import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/*
 * Certificate requests (PKCS #10). To be imported when one is made or read: the library costs a kiosk's start 50 ms, and a
 * kiosk needs it when it joins and renews alone.
 */

/**
 * A request for a certificate in the name of `device`, PEM.
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

/** The public key that a request is for, SPKI DER. */
export const csrPublicKey = (csr: string): Buffer =>
  Buffer.from(new x509.Pkcs10CertificateRequest(csr).publicKey.rawData);
