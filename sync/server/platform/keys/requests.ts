import 'reflect-metadata';
import { hash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { Problem } from '../../../errors/problem.ts';

/**
 * Reads a certificate request. We accept PKCS #10 with a P-256 key and a valid signature, which proves that the sender has
 * the key.
 *
 * @throws Problem `bad-certificate-request`
 */
export async function readRequest(csrPem: string): Promise<x509.Pkcs10CertificateRequest> {
  const refuse = (why: string, cause?: unknown) => new Problem('bad-certificate-request', { reason: why, cause });
  let csr: x509.Pkcs10CertificateRequest;
  let holds: boolean;
  try {
    csr = new x509.Pkcs10CertificateRequest(csrPem);
    holds = await csr.verify();
  } catch (cause) {
    throw refuse('it is not a readable PKCS #10 request', cause);
  }
  if (!holds) throw refuse('its signature does not verify');
  const { name, namedCurve } = csr.publicKey.algorithm as EcKeyAlgorithm;
  if (name !== 'ECDSA' || namedCurve !== 'P-256') throw refuse('its key is not P-256');
  return csr;
}

/** Returns the SHA-256 of the request's public key (SPKI DER), hexadecimal, which a device's registration pins. */
export async function requestKeyHash(csrPem: string): Promise<string> {
  return hash('sha256', Buffer.from((await readRequest(csrPem)).publicKey.rawData), 'hex');
}
