import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type ErrorCode, Problem } from '../../errors/problem.ts';
import { sealAsk } from '../../protocol/seal/ask.ts';
import { keyId } from '../../protocol/seal/keys.ts';
import { openPage } from '../../protocol/seal/page.ts';
import type { X25519PublicJwk } from '../../protocol/wire/batch.ts';
import type { ServerBundle } from '../../protocol/wire/provisioning.ts';
import { type DeviceSecret, deviceRequest, newTlsKey } from '../identity.ts';
import { applyServerKeys } from './server-keys.ts';

/**
 * Returns whether a third or less of the certificate's life is left, by trusted time, so that it is time to renew.
 *
 * @param trustedNow ms since 1970
 */
export function needsRenewal(certPem: string, trustedNow: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certPem);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return trustedNow >= to - (to - from) / 3;
}

export interface Renewed {
  /** The same device with its new TLS key. Store it together with the bundle, in one write. */
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
}

/**
 * Requests a certificate for a new TLS key. The request is signed by the device's Ed25519 key and answered by a page signed by
 * the server, so it proves possession even if the old certificate is invalid. Nothing is stored here: the old key and certificate
 * remain valid until the caller has written the result.
 *
 * @param send carries the sealed ask, like a transport's exchange('ask', …); HTTPS only when the certificate has expired
 * @param jti a new random UUID
 * @param before an earlier sealing key of the server, used instead of the one in the bundle. Only a server restored to before a
 * succession can open it. Its key set is then accepted although it is not newer: it is signed by a key trusted today and answers
 * a request made just now.
 * @throws Problem of `send`, of openPage, `renewal-refused`
 */
export async function performRenewal(
  { secret, bundle }: Renewed,
  send: (sealed: string) => Promise<string>,
  jti: string,
  before?: X25519PublicJwk,
): Promise<Renewed> {
  const next = { ...secret, tlsKeyPem: await newTlsKey() };
  const { csr } = await deviceRequest(next, secret.device);
  const trusts = await Promise.all(bundle.keys.signing.map(keyId));
  const keys = {
    device: secret.device,
    signing: secret.signing,
    server: before ?? bundle.keys.sealing,
    serverId: bundle.serverId,
  };
  const answer = await send(await sealAsk({ what: 'renew', csr, trusts }, keys, jti));
  const page = await openPage(
    answer,
    { sealing: secret.sealing, trusted: bundle.keys.signing },
    { device: secret.device, jti },
  );
  if (page.what !== 'renewed') throw new Problem('renewal-refused');
  if (!new X509Certificate(page.tlsCertPem).checkPrivateKey(createPrivateKey(next.tlsKeyPem)))
    throw new Problem('renewal-refused');
  const renewed = { ...bundle, tlsCertPem: page.tlsCertPem };
  return { secret: next, bundle: before ? { ...renewed, keys: page.keys } : applyServerKeys(renewed, page.keys) };
}

/** Rejections by a server restored to before a renewal or succession, for keys that are newer than its copy. */
const OTHER_KEY_MAY_DO: ReadonlySet<string> = new Set<ErrorCode>([
  'unknown-device',
  'certificate-required',
  'certificate-expired',
  'certificate-not-ours',
  'kiosk-certificate-refused',
  'unknown-sealing-key',
]);

/** Returns whether a kiosk that receives this code may recover by renewing. */
export function mayRenew(code: string): boolean {
  return OTHER_KEY_MAY_DO.has(code);
}

export interface ClientKey {
  readonly keyPem: string;
  readonly certPem: string;
}

/** Sends one renewal over HTTPS, on its own connection with this client certificate. */
export type SendWith = (client: ClientKey, sealed: string) => Promise<string>;

/**
 * Requests a certificate with each of the kiosk's keys, current ones first, until the server accepts one.
 *
 * @param spare the keys used before, which are kept
 * @param jti returns a new random UUID at each call
 * @throws Problem the server's last rejection, if it rejected them all; any error that isn't `mayRenew`, at once (no connection
 * to the server, `device-revoked`, …)
 */
export async function renewByAnyKey(
  present: Renewed,
  spare: { readonly tls: ClientKey | null; readonly sealing: X25519PublicJwk | null },
  send: SendWith,
  jti: () => string,
): Promise<Renewed> {
  const { secret, bundle } = present;
  const clients = [{ keyPem: secret.tlsKeyPem, certPem: bundle.tlsCertPem }, ...(spare.tls ? [spare.tls] : [])];
  const sealings = [undefined, ...(spare.sealing ? [spare.sealing] : [])];
  let error: unknown;
  for (const sealing of sealings)
    for (const client of clients) {
      try {
        return await performRenewal(present, (sealed) => send(client, sealed), jti(), sealing);
      } catch (cause) {
        if (!(cause instanceof Problem && mayRenew(cause.code))) throw cause;
        error = cause;
      }
    }
  throw error;
}
