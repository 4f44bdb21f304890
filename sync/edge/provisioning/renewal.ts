import { createPrivateKey, X509Certificate } from 'node:crypto';
import { sealAsk } from '../../protocol/seal/ask.ts';
import { keyId } from '../../protocol/seal/keys.ts';
import { openPage } from '../../protocol/seal/page.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { ServerBundle } from '../../protocol/wire/provisioning.ts';
import { type DeviceSecret, deviceRequest, newTlsKey } from '../identity.ts';
import { applyServerKeys } from './server-keys.ts';

/**
 * Whether it is time to renew: a third of the certificate's life is left, or less, by trusted time.
 *
 * @param trustedNow ms since 1970
 */
export function needsRenewal(certPem: string, trustedNow: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certPem);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return trustedNow >= to - (to - from) / 3;
}

/** Whether the certificate has ended by trusted time: brokers refuse it, and HTTPS takes it for renewal alone. */
export function hasExpired(certPem: string, trustedNow: number): boolean {
  return new X509Certificate(certPem).validToDate.getTime() < trustedNow;
}

export interface Renewed {
  /** The same device with its new TLS key. Keep it together with the bundle, in one write. */
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
}

/**
 * Asks for a certificate for a new TLS key. The request is signed by the device's Ed25519 key and answered by a page signed
 * by the server, so it proves possession whatever the state of the old certificate. Nothing is kept here: until the caller
 * has written the result, the old key and certificate stay good.
 *
 * @param send carries the sealed ask, as a transport's exchange('ask', …) does; HTTPS alone when the certificate has expired
 * @param jti a new random UUID
 * @throws Problem of `send`, of openPage, `renewal-refused`
 */
export async function performRenewal(
  { secret, bundle }: Renewed,
  send: (sealed: string) => Promise<string>,
  jti: string,
): Promise<Renewed> {
  const next = { ...secret, tlsKeyPem: await newTlsKey() };
  const { csr } = await deviceRequest(next, secret.device);
  const trusts = await Promise.all(bundle.keys.signing.map(keyId));
  const keys = {
    device: secret.device,
    signing: secret.signing,
    server: bundle.keys.sealing,
    serverId: bundle.serverId,
  };
  const answer = await send(await sealAsk({ what: 'renew', csr, trusts }, keys, jti));
  const page = await openPage(
    answer,
    { sealing: secret.sealing, trusted: bundle.keys.signing },
    { device: secret.device, jti },
  );
  if (page.what !== 'renewed')
    throw new Problem('renewal-refused', 'The server answered a renewal with something else.', 'Update both ends.');
  if (!new X509Certificate(page.tlsCertPem).checkPrivateKey(createPrivateKey(next.tlsKeyPem)))
    throw new Problem('renewal-refused', 'The certificate is for another key.', 'It is tried again.');
  return { secret: next, bundle: applyServerKeys({ ...bundle, tlsCertPem: page.tlsCertPem }, page.keys) };
}
