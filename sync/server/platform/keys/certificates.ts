import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { readRequest } from './requests.ts';

/**
 * The server's own CA for devices, and the certificates it issues. All use P-256 with SHA-256, because Chromium rejects
 * Ed25519 server certificates. Profile: RFC 5280.
 */

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** Longest validity of a server certificate that browsers and proxies accept. */
const SERVER_DAYS = 397;
const DEVICE_DAYS = 397;
/** How far in the past a certificate's validity starts, because kiosks' clocks may be slow. */
const BACKDATE_MS = 3_600_000;
/** A certificate is renewed when less than this is left of its validity. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** How many CAs may be valid at the same time. Each one signs a cross certificate for its successor. */
export const MAX_CAS = 4;

export interface KeyAndCertificate {
  /** The certificate, followed by its chain if the CA has had a successor. */
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

/** Returns an unpredictable, positive 127-bit serial number, for which DER needs no sign byte. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** Validity from shortly before `now` for `days`, but never beyond the issuer's. */
function validity(now: number, days: number, issuer?: x509.X509Certificate): { notBefore: Date; notAfter: Date } {
  const end = Math.min(now + days * DAY_MS, issuer?.notAfter.getTime() ?? Number.POSITIVE_INFINITY);
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(end) };
}

function altNames(hostnames: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    hostnames.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const),
  );
}

/**
 * Creates a CA that issues certificates to devices. Its path length only allows for the cross certificates of its
 * successors. Its key never leaves this server's keyring.
 *
 * @param generation counts from 1. Part of the name, so that the CAs of a server have different names
 */
export async function createCa(serverId: string, now: number, generation = 1): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`SmartPresence devices ${serverId.slice(0, 8)}${generation > 1 ? ` ${generation}` : ''}`] }],
    ...validity(now, CA_DAYS),
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, MAX_CAS - 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: cert.toString('pem'), keyPem: await pemOf(keys.privateKey) };
}

/** How many CA certificates may follow below this one. */
function pathLength(caPem: string): number {
  return new x509.X509Certificate(caPem).getExtension(x509.BasicConstraintsExtension)?.pathLength ?? 0;
}

/**
 * Creates a cross certificate: the successor's name and key, signed by the CA before it. As part of the chain, it lets a
 * kiosk that trusts only the old CA verify certificates of the new one (RFC 4949, "cross-certificate").
 */
export async function crossCertify(old: KeyAndCertificate, successorPem: string, now: number): Promise<string> {
  const issuer = new x509.X509Certificate(old.certPem);
  const successor = new x509.X509Certificate(successorPem);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: issuer.subject,
    subject: successor.subject,
    ...validity(now, CA_DAYS, issuer),
    publicKey: successor.publicKey,
    signingKey: await privateKey(old.keyPem),
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, Math.max(0, pathLength(old.certPem) - 1), true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(successor.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return cert.toString('pem');
}

interface Leaf {
  readonly name: string;
  readonly days: number;
  readonly usage: x509.ExtendedKeyUsage;
  readonly alt: x509.SubjectAlternativeNameExtension;
}

async function issue(
  ca: KeyAndCertificate,
  publicKey: CryptoKey | x509.PublicKey,
  leaf: Leaf,
  now: number,
): Promise<string> {
  const issuer = new x509.X509Certificate(ca.certPem);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: issuer.subject,
    subject: [{ CN: [leaf.name] }],
    ...validity(now, leaf.days, issuer),
    publicKey,
    signingKey: await privateKey(ca.keyPem),
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([leaf.usage]),
      leaf.alt,
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return cert.toString('pem');
}

/** Issues a server certificate from our CA, for the devices listener or for a broker that the operator runs. */
export async function issueServerCertificate(
  ca: KeyAndCertificate,
  hostnames: readonly string[],
  now: number,
  name = 'SmartPresence server',
): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const leaf = { name, days: SERVER_DAYS, usage: x509.ExtendedKeyUsage.serverAuth, alt: altNames(hostnames) };
  return { certPem: await issue(ca, keys.publicKey, leaf, now), keyPem: await pemOf(keys.privateKey) };
}

/** Issues the client certificate with which the server connects to its broker. CN = server id, its user name at the broker. */
export async function issueServerClientCertificate(
  ca: KeyAndCertificate,
  serverId: string,
  now: number,
): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const alt = new x509.SubjectAlternativeNameExtension([
    { type: 'url', value: `urn:smartpresence:server:${serverId}` },
  ]);
  const leaf = { name: serverId, days: SERVER_DAYS, usage: x509.ExtendedKeyUsage.clientAuth, alt };
  return { certPem: await issue(ca, keys.publicKey, leaf, now), keyPem: await pemOf(keys.privateKey) };
}

/**
 * Issues the client certificate of a device. CN = device id, which is its user name at the broker. Only the key is taken
 * from the request. Subject and extensions are ours.
 *
 * @param csrPem PKCS #10 with a P-256 key and a valid signature
 * @param days validity; only tests of expiry change it
 * @throws Problem `bad-certificate-request`
 */
export async function issueDeviceCertificate(
  ca: KeyAndCertificate,
  device: string,
  csrPem: string,
  now: number,
  days = DEVICE_DAYS,
): Promise<string> {
  const csr = await readRequest(csrPem);
  const alt = new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `urn:uuid:${device}` }]);
  return issue(ca, csr.publicKey, { name: device, days, usage: x509.ExtendedKeyUsage.clientAuth, alt }, now);
}

/** Creates the people listener's certificate if the operator gave none. Nothing trusts it, so its fingerprint is printed. */
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

export function stillFits(certPem: string, hostnames: readonly string[], now: number): boolean {
  const cert = new x509.X509Certificate(certPem);
  const names = cert.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((n) => n.value) ?? [];
  return cert.notAfter.getTime() - now > RENEW_BEFORE_MS && [...names].sort().join() === [...hostnames].sort().join();
}
