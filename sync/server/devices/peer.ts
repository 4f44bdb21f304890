import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { Uuid } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { IdentityContext } from './context.ts';
import { type Device, findDevice, requireApproved } from './registry.ts';
import { isTlsKeyOf } from './renewal.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** The client certificate of a connection, checked by ourselves. */
export interface Peer {
  readonly device: string;
  /** SHA-256 of the certificate's public key (SPKI DER), hexadecimal. */
  readonly keyHash: string;
  readonly notAfter: number;
  /** PEM of the CA that issued it. */
  readonly issuer: string;
}

const known = new WeakMap<TLSSocket, Peer>();

/**
 * Who is at the other end of a connection of the devices listener, whose TLS asks for a certificate and lets anybody in, so
 * that a kiosk without one can join and one whose certificate has expired can renew it. `socket.authorized` is not enough:
 * it was decided once, at the handshake, by the CAs of then, and its one error code does not say that all else was good.
 *
 * @param caPems CAs whose certificates are taken; asked at every request, so that a retired one counts no more
 * @throws Problem `certificate-required`, `certificate-not-ours`
 */
export function peerOf(socket: TLSSocket, caPems: readonly string[], now: number): Peer {
  let peer = known.get(socket);
  if (!peer) {
    const certificate = socket.getPeerX509Certificate();
    if (!certificate)
      throw new Problem(
        'certificate-required',
        'This address needs the client certificate of a registered device.',
        'Provision the kiosk; only joining works without.',
      );
    peer = verified(certificate, caPems, now);
    known.set(socket, peer);
  }
  if (!caPems.includes(peer.issuer)) throw notOurs();
  return peer;
}

function verified(certificate: X509Certificate, caPems: readonly string[], now: number): Peer {
  const issuer = caPems.find((pem) => {
    const ca = new X509Certificate(pem);
    return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
  });
  const device = deviceOf(certificate);
  const forClients = !certificate.ca && (certificate.keyUsage ?? []).includes(CLIENT_AUTH);
  if (!issuer || !device || !forClients || certificate.validFromDate.getTime() > now) throw notOurs();
  return { device, keyHash: keyHashOf(certificate), notAfter: certificate.validToDate.getTime(), issuer };
}

/**
 * The registered device that speaks on this connection; held against the registry at every request, so that a revocation
 * takes effect on the next message.
 *
 * @param expired what to do with a certificate that has ended: only renewal takes it
 * @throws Problem of peerOf, `certificate-expired`, `unknown-device`, `device-revoked`, `device-not-approved`
 */
export async function identify(
  context: Pick<IdentityContext, 'db' | 'keyring' | 'now'>,
  socket: TLSSocket,
  expired: 'refuse' | 'take' = 'refuse',
): Promise<Device> {
  const now = context.now().getTime();
  const peer = peerOf(socket, context.keyring.caPems, now);
  const device = await findDevice(context.db, peer.device);
  // A key that is not this device's tells nothing of the device, not even whether it was revoked.
  requireApproved(device && (await isTlsKeyOf(context, device, peer.keyHash)) ? device : null);
  if (peer.notAfter < now && expired === 'refuse')
    throw new Problem(
      'certificate-expired',
      'The certificate of this device has expired.',
      'The kiosk renews it by itself, by proof of its keys.',
    );
  return device as Device;
}

/** The device's id out of the certificate's URI, which our CA alone writes. */
function deviceOf(certificate: X509Certificate): string | null {
  const id = /^URI:urn:uuid:([0-9a-f-]{36})$/.exec(certificate.subjectAltName ?? '')?.[1];
  return Uuid.safeParse(id).data ?? null;
}

function keyHashOf(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function notOurs(): Problem {
  return new Problem(
    'certificate-not-ours',
    'The client certificate is not one that this server gave to a device.',
    'Provision the kiosk for this server.',
  );
}
