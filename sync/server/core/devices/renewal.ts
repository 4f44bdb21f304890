import { X509Certificate } from 'node:crypto';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import { atMost, find, insertNew, remove, update } from '../../platform/database/rows.ts';
import { issueDeviceCertificate } from '../../platform/keys/certificates.ts';
import { requestKeyHash } from '../../platform/keys/requests.ts';
import { certificateId } from '../../platform/keys/vault.ts';
import type { IdentityContext } from './context.ts';
import type { Device } from './registry.ts';

/** Keys that a device has asked a certificate for and not used: more are a sign of answers that never arrive. */
const MAX_WAITING_KEYS = 8;

type Context = Pick<IdentityContext, 'db' | 'keyring' | 'now'>;

/**
 * Gives an approved device a certificate for the key of its request: a new key, or the same. The old one stays good until
 * the new one was used, since the answer may get lost.
 *
 * @param device as it is in the registry now; the caller has verified that the request is signed by it
 * @param csr PKCS #10, PEM
 * @throws Problem `bad-certificate-request`
 */
export async function renewCertificate(
  context: Context,
  device: Device,
  csr: string,
): Promise<{ tlsCertPem: string; keys: ServerKeys }> {
  const { db, keyring, now } = context;
  const hash = await requestKeyHash(csr);
  if (hash !== device.tlsKeyHash) {
    await insertNew(db, 'device_tls_key', { device: device.id, key_hash: hash, added_at: now() });
    const waiting = await db
      .selectFrom('device_tls_key')
      .select('key_hash')
      .where('device', '=', device.id)
      .orderBy('added_at', 'desc')
      .offset(MAX_WAITING_KEYS)
      .execute();
    if (waiting.length > 0)
      await remove(db, 'device_tls_key', { device: device.id, key_hash: waiting.map((w) => w.key_hash) });
  }
  return { tlsCertPem: await issueFor(context, device.id, csr), keys: keyring.publicKeys };
}

/** Issues and notes what was issued. @throws Problem `bad-certificate-request` */
export async function issueFor({ db, keyring, now }: Context, device: string, csr: string): Promise<string> {
  const { ca } = keyring;
  const certPem = await issueDeviceCertificate(ca, device, csr, now().getTime());
  await update(
    db,
    'device',
    { id: device },
    { cert_not_after: new X509Certificate(certPem).validToDate, cert_issuer: certificateId(ca.certPem) },
  );
  return certPem;
}

/**
 * Whether this TLS key is registered for the device. A key that was asked for and is now used takes the place of the one
 * before.
 *
 * @param hash SHA-256 of the key's SPKI, hexadecimal
 */
export async function isTlsKeyOf({ db }: Pick<Context, 'db'>, device: Device, hash: string): Promise<boolean> {
  if (hash === device.tlsKeyHash) return true;
  const waiting = await find(db, 'device_tls_key', { device: device.id, key_hash: hash }, ['added_at']);
  if (!waiting) return false;
  await db.transaction().execute(async (trx) => {
    await update(trx, 'device', { id: device.id }, { tls_key_hash: hash });
    await remove(trx, 'device_tls_key', { device: device.id, added_at: atMost(waiting.added_at) });
  });
  return true;
}
