import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Problem } from '../../errors/problem.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** Maximum number of certificates considered of those a peer sends. Our chains are never longer. */
const MAX_SENT = 6;
/** Number of CA successions that a kiosk may have missed. */
const MAX_CROSS = 3;

/**
 * Verifies a server's certificate against the CAs that the kiosk pinned. Uses trusted time, since the system clock may be dead,
 * and TLS libraries would then reject every certificate or accept an expired one.
 *
 * Chain (RFC 5280 §6, narrowed): the server's certificate, the cross certificates that each CA issued to its successor, a pinned
 * CA. Dates: trusted time is a lower bound, so a certificate that ended before it has certainly expired. A start date in the
 * future is ignored: trusted time lags after a long power cut, and refusing would lock the kiosk out of the very server that
 * could give it the time. The pinned CA's own dates are ignored, as for any trust anchor.
 *
 * @param peerChain as sent by the peer, its own certificate first
 * @param pinnedCaPems CA certificates, PEM
 * @param host intended host name or IP address
 * @param trustedNow ms since 1970
 * @throws Problem `server-not-trusted`, `server-certificate-expired`, `server-wrong-host`
 */
export function verifyServerChain(
  peerChain: readonly X509Certificate[],
  pinnedCaPems: readonly string[],
  host: string,
  trustedNow: number,
): void {
  const leaf = peerChain[0];
  if (!leaf) throw untrusted('it showed no certificate');
  const path = findPath(leaf, peerChain.slice(1, MAX_SENT), pinnedCaPems);
  if (!path) throw untrusted('its certificate was issued by another CA');
  if (leaf.ca || !(leaf.keyUsage ?? []).includes(SERVER_AUTH)) throw untrusted('its certificate is not for a server');
  for (const certificate of path) {
    if (certificate.validToDate.getTime() < trustedNow) {
      throw new Problem('server-certificate-expired', { day: certificate.validToDate.toISOString().slice(0, 10) });
    }
  }
  const named = isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host, { subject: 'never' });
  if (!named) {
    throw new Problem('server-wrong-host', { host });
  }
}

/** Returns the certificates below the pinned CA, the server's own first; null if there is no path to it. */
function findPath(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  pinnedCaPems: readonly string[],
): X509Certificate[] | null {
  const anchors = pinnedCaPems.map((pem) => new X509Certificate(pem));
  const path = [leaf];
  while (!anchors.some((anchor) => issued(path.at(-1)!, anchor))) {
    const above = sent.find((cross) => !path.includes(cross) && issued(path.at(-1)!, cross));
    if (!above || path.length > MAX_CROSS) return null;
    path.push(above);
  }
  return path;
}

/** `ca` covers basic constraints and key usage of the issuer, `checkIssued` the names and key identifiers. */
function issued(certificate: X509Certificate, by: X509Certificate): boolean {
  return by.ca && certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

/** Returns the certificates sent by the peer of a finished handshake, its own first. */
export function peerChainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next && chain.length < MAX_SENT) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

const untrusted = (why: string): Problem => new Problem('server-not-trusted', { reason: why });
