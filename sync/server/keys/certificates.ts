import 'reflect-metadata';
import { createHash, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { Problem } from '../../protocol/wire/problem.ts';

/**
 * Certificates of the server: its own CA for devices, and what it issues. P-256 with SHA-256 throughout, since Chromium
 * refuses Ed25519 server certificates. Profile: RFC 5280.
 */

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** Longest life that browsers and proxies take for a server certificate. */
const SERVER_DAYS = 397;
const DEVICE_DAYS = 397;
/** Certificates begin a little in the past, since clocks of kiosks lag. */
const BACKDATE_MS = 3_600_000;
/** Renewed when less than this is left. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

export interface KeyAndCertificate {
  readonly certPem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

x509.cryptoProvider.set(crypto);

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(P256, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

async function pemOf(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function privateKey(pem: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), P256, true, ['sign']);
}

/** Positive 127-bit serial number: unpredictable, and DER needs no sign byte. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + days * DAY_MS) };
}

function altNames(hostnames: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    hostnames.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const),
  );
}

/** The CA that devices are issued by; it signs nothing but end certificates (path length 0). */
export async function createCa(serverId: string, now: number): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`SmartPresence devices ${serverId.slice(0, 8)}`] }],
    ...validity(now, CA_DAYS),
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: cert.toString('pem'), keyPem: await pemOf(keys.privateKey) };
}

/** Server certificate of the devices listener, from our CA. */
export async function issueServerCertificate(
  ca: KeyAndCertificate,
  hostnames: readonly string[],
  now: number,
): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(ca.certPem);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: issuer.subject,
    subject: [{ CN: ['SmartPresence server'] }],
    ...validity(now, SERVER_DAYS),
    publicKey: keys.publicKey,
    signingKey: await privateKey(ca.keyPem),
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      altNames(hostnames),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certPem: cert.toString('pem'), keyPem: await pemOf(keys.privateKey) };
}

/** The people listener's own certificate where the operator gave none. Trusted by nobody: the start-up prints its fingerprint. */
export async function selfSignedServerCertificate(
  hostnames: readonly string[],
  now: number,
): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: ['SmartPresence console'] }],
    ...validity(now, SERVER_DAYS),
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      altNames(hostnames),
    ],
  });
  return { certPem: cert.toString('pem'), keyPem: await pemOf(keys.privateKey) };
}

/**
 * Client certificate of a device. Nothing of the request is taken over but its key: subject and extensions are ours.
 *
 * @param csrPem PKCS #10 with a P-256 key and a valid signature
 * @throws Problem `bad-certificate-request`
 */
export async function issueDeviceCertificate(
  ca: KeyAndCertificate,
  device: string,
  csrPem: string,
  now: number,
): Promise<string> {
  const csr = await readRequest(csrPem);
  const issuer = new x509.X509Certificate(ca.certPem);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: issuer.subject,
    subject: [{ CN: [device] }],
    ...validity(now, DEVICE_DAYS),
    publicKey: csr.publicKey,
    signingKey: await privateKey(ca.keyPem),
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `urn:uuid:${device}` }]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return cert.toString('pem');
}

async function readRequest(csrPem: string): Promise<x509.Pkcs10CertificateRequest> {
  const refuse = (why: string, cause?: unknown) =>
    new Problem(
      'bad-certificate-request',
      `The certificate request is refused: ${why}.`,
      'Make a new identity on the kiosk.',
      { cause },
    );
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

/** SHA-256 of the certificate's public key (SPKI DER), hexadecimal: what a device's registration pins. */
export async function requestKeyHash(csrPem: string): Promise<string> {
  return createHash('sha256')
    .update(Buffer.from((await readRequest(csrPem)).publicKey.rawData))
    .digest('hex');
}

/** True when the certificate lives on for long enough and names exactly these hosts. */
export function stillFits(certPem: string, hostnames: readonly string[], now: number): boolean {
  const cert = new x509.X509Certificate(certPem);
  const names = cert.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((n) => n.value) ?? [];
  return cert.notAfter.getTime() - now > RENEW_BEFORE_MS && [...names].sort().join() === [...hostnames].sort().join();
}
