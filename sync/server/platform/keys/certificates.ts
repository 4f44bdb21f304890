import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { readRequest } from './requests.ts';

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
/** CAs that may be valid at once: each but the newest is followed by a cross certificate that it signed. */
export const MAX_CAS = 4;

export interface KeyAndCertificate {
  /** The certificate, and where it was succeeded the chain above it. */
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

/** From a little before now for so many days, but never longer than the issuer lives. */
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
 * A CA that devices are issued by. Its path length leaves room for the cross certificates of its successors, and for
 * nothing else: only this server's keyring ever has its key.
 *
 * @param generation counts from 1; part of the name, so that no two CAs of a server are called the same
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

/** How many CA certificates may be below this one. */
function pathLength(caPem: string): number {
  return new x509.X509Certificate(caPem).getExtension(x509.BasicConstraintsExtension)?.pathLength ?? 0;
}

/**
 * Cross certificate: the successor's name and key, signed by the CA before it. Sent in the chain, it lets a kiosk that
 * trusts only the old CA follow to the new one (RFC 4949, "cross-certificate").
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

/** Server certificate from our CA: of the devices listener, and of a broker that the operator runs. */
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

/** Client certificate with which the server itself enters its broker; CN = server id, which is its user name there. */
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
 * Client certificate of a device; CN = device id, which is its user name at the broker. Nothing of the request is taken
 * over but its key: subject and extensions are ours.
 *
 * @param csrPem PKCS #10 with a P-256 key and a valid signature
 * @param days of life; for tests of what expires
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

export function stillFits(certPem: string, hostnames: readonly string[], now: number): boolean {
  const cert = new x509.X509Certificate(certPem);
  const names = cert.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((n) => n.value) ?? [];
  return cert.notAfter.getTime() - now > RENEW_BEFORE_MS && [...names].sort().join() === [...hostnames].sort().join();
}

/** Whether `ca` is what issued this certificate, by name and key identifier. */
export function issuedBy(certPem: string, caPem: string): boolean {
  const [cert, ca] = [new x509.X509Certificate(certPem), new x509.X509Certificate(caPem)];
  const keyId = ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return (
    cert.issuer === ca.subject &&
    keyId !== undefined &&
    cert.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId === keyId
  );
}
