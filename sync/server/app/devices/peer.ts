import { hash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { Problem } from '../../../errors/problem.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { type IdentityContext, isTlsKeyOf } from '../../core/devices/join.ts';
import { type Device, findDevice, requireApproved } from '../../core/devices/registry.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** The client certificate of a connection, verified by us. */
export interface Peer {
  readonly device: string;
  /** SHA-256 of the certificate's public key (SPKI DER), hexadecimal. */
  readonly keyHash: string;
  readonly notAfter: number;
  /** PEM of the CA that issued it. */
  readonly issuer: string;
}

/** How long after it expired a certificate whose key is not registered may still be renewed, ms. */
const LOST_KEY_MS = 30 * 86_400_000;

const known = new WeakMap<TLSSocket, Peer>();

/**
 * Returns the peer of a connection to the devices listener. TLS requests a certificate but accepts any client, so that a kiosk
 * without one can join, and one whose certificate has expired can renew it. `socket.authorized` is not enough: it was decided
 * once, in the handshake, by the CAs at that time, and its single error code doesn't say that everything else was valid.
 *
 * @param caPems CAs whose certificates are accepted; passed at every request, so that a retired CA stops counting
 * @throws Problem `certificate-required`, `certificate-not-ours`
 */
export function peerOf(socket: TLSSocket, caPems: readonly string[], now: number): Peer {
  let peer = known.get(socket);
  if (!peer) {
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) throw new Problem('certificate-required');
    peer = verified(certificate, caPems, now);
    known.set(socket, peer);
  }
  if (!caPems.includes(peer.issuer)) throw new Problem('certificate-not-ours');
  return peer;
}

function verified(certificate: X509Certificate, caPems: readonly string[], now: number): Peer {
  const issuer = caPems.find((pem) => {
    const ca = new X509Certificate(pem);
    return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
  });
  const device = deviceOf(certificate);
  const forClients = !certificate.ca && (certificate.keyUsage ?? []).includes(CLIENT_AUTH);
  if (!issuer || !device || !forClients || certificate.validFromDate.getTime() > now)
    throw new Problem('certificate-not-ours');
  return { device, keyHash: keyHashOf(certificate), notAfter: certificate.validToDate.getTime(), issuer };
}

/**
 * Returns the registered device of a connection. Checked against the registry at every request, so that a revocation takes
 * effect on the next message.
 *
 * @throws Problem from peerOf, `certificate-expired`, `unknown-device`, `device-revoked`, `device-not-approved`
 */
export async function identify(
  context: Pick<IdentityContext, 'db' | 'keyring' | 'now'>,
  socket: TLSSocket,
): Promise<Device> {
  const { device, renewalOnly } = await admit(context, socket);
  if (renewalOnly) throw renewFirst(renewalOnly);
  return device;
}

/** Why a device may only renew its certificate: it has expired, or the server doesn't have its key any more. */
export type RenewalOnly = 'certificate-expired' | 'unknown-device';

/** Returns the error for a device that may only renew its certificate, and asks for something else. */
export const renewFirst = (why: RenewalOnly): Problem => new Problem(why);

/**
 * Like `identify`, but also admits, only for a renewal, a device whose certificate has expired, or was issued by our CA for a
 * key that is not in the registry: a database restored from before the last renewal doesn't have it. The renewal is
 * authenticated by the device's Ed25519 key.
 *
 * @throws Problem from peerOf, `unknown-device`, `device-revoked`, `device-not-approved`
 */
export async function admit(
  context: Pick<IdentityContext, 'db' | 'keyring' | 'now'>,
  socket: TLSSocket,
): Promise<{ device: Device; renewalOnly: RenewalOnly | null }> {
  const now = context.now().getTime();
  const peer = peerOf(socket, context.keyring.caPems, now);
  const device = await findDevice(context.db, peer.device);
  // A client whose key is not the device's learns nothing about the device, not even whether it was revoked.
  if (device && !(await isTlsKeyOf(context, device, peer.keyHash))) {
    if (device.status !== 'approved' || peer.notAfter < now - LOST_KEY_MS) throw renewFirst('unknown-device');
    return { device, renewalOnly: 'unknown-device' };
  }
  requireApproved(device);
  return { device, renewalOnly: peer.notAfter < now ? 'certificate-expired' : null };
}

/** Returns the device's id from the certificate's URI, which only our CA writes. */
function deviceOf(certificate: X509Certificate): string | null {
  const id = /^URI:urn:uuid:([0-9a-f-]{36})$/.exec(certificate.subjectAltName ?? '')?.[1];
  return Uuid.safeParse(id).data ?? null;
}

function keyHashOf(certificate: X509Certificate): string {
  return hash('sha256', certificate.publicKey.export({ type: 'spki', format: 'der' }), 'hex');
}
