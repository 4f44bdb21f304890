import { randomBytes, X509Certificate } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { caPin, sameFingerprint } from '../../../protocol/seal/fingerprint.ts';
import { openJoin, openProof, sealGrant } from '../../../protocol/seal/join.ts';
import { SECRET_BYTES as CODE_BYTES, writeJoinCode } from '../../../protocol/seal/join-code.ts';
import type { Waiting } from '../../../protocol/wire/join.ts';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import { ServerBundle } from '../../../protocol/wire/provisioning.ts';
import type { Config } from '../../app/config.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { atMost, find, findLocked, get, insert, insertNew, remove, update } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { urlOf } from '../../platform/http/url.ts';
import { issueDeviceCertificate } from '../../platform/keys/certificates.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import { requestKeyHash } from '../../platform/keys/requests.ts';
import { certificateId } from '../../platform/keys/vault.ts';
import { type Device, register, requireDevice } from './registry.ts';
import { republishSettings } from './settings.ts';

/** What registering and approving devices needs, in a running server and on the command line. */
export interface IdentityContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly now: () => Date;
  /** https://host:port of the listener for devices, as kiosks reach it. */
  readonly deviceUrl: () => string;
  /** Broker addresses that are sent to kiosks. */
  readonly mqttUrls: readonly string[];
  /** Returns the site with this id, or the default site for null. @throws Problem `unknown-site` */
  readonly site: (id: string | null) => Promise<ServerBundle['site']>;
}

/** @param port returns the port of the devices listener once it listens. Null or absent: the configured port. */
export function identityContext(
  o: Pick<IdentityContext, 'db' | 'keys' | 'keyring' | 'now'> & {
    readonly config: Config;
    readonly port?: () => number | null;
  },
): IdentityContext {
  const { db, keys, keyring, now, config, port } = o;
  return {
    db,
    keys,
    keyring,
    now,
    deviceUrl: () => urlOf(config.hostnames[0]!, port?.() ?? config.devicePort),
    mqttUrls: config.mqtt.kioskUrls,
    site: (id) => siteOf(db, id, { id: keyring.serverId, ...config.site }),
  };
}

async function siteOf(db: Db, id: string | null, standing: ServerBundle['site']): Promise<ServerBundle['site']> {
  const query = db.selectFrom('site').select(['id', 'name', 'time_zone']);
  const row = await (id ? query.where('id', '=', id) : query.where('is_default', '=', true)).executeTakeFirst();
  if (row) return { id: row.id, name: row.name, timeZone: row.time_zone };
  if (id) throw new Problem('unknown-site');
  return standing;
}

const SECRET_BYTES = 32;
const secretPlace = (device: string): Place => placeOf('device.provisioning-secret', device);

/**
 * Registers a kiosk that presents its keys and a join code. It is pending and may send nothing until an administrator
 * approves it.
 *
 * @param signed a join (seal/join.ts)
 * @throws Problem from openJoin and useCode, `device-registered-otherwise`, `bad-certificate-request`
 */
export async function joinByCode(context: IdentityContext, signed: string): Promise<Waiting> {
  const {
    join: { secret, request },
  } = await openJoin(signed);
  if (!secret) throw new Problem('join-code-missing');
  await inTransaction(context.db, async (trx) => {
    const { name, site, url } = await useCode(trx, context, secret, request.id);
    await register(trx, request, { name, site, url }, context.now());
  });
  return waiting(await requireDevice(context.db, request.id));
}

/**
 * Answers a kiosk that asks whether it was approved.
 *
 * @param proof by the device's own key (seal/join.ts)
 * @returns the sealed grant, or the fingerprint that still has to be compared
 * @throws Problem `unknown-device`, `device-revoked`, `join-finished` (the grant was delivered and used), those of openProof
 */
export async function pollJoin(context: IdentityContext, id: string, proof: string): Promise<string | Waiting> {
  const device = await requireDevice(context.db, id);
  const spv = await openProof(proof, id, { kty: 'OKP', crv: 'Ed25519', x: device.ed25519 });
  if (device.status === 'revoked') throw new Problem('device-revoked');
  if (device.status === 'pending') return waiting(device);
  const { provisioning_secret: sealed, csr } = await get(context.db, 'device', { id }, ['provisioning_secret', 'csr']);
  if (!sealed || !csr) throw new Problem('join-finished');
  return grant(context, device, csr, { secret: context.keys.open('field', secretPlace(id), sealed), spv });
}

/**
 * Approves a device once an administrator has compared the fingerprints. Approving it again changes nothing.
 *
 * @param fingerprint as the kiosk's screen shows it
 * @throws Problem `unknown-device`, `fingerprint-differs`, `device-revoked`
 */
export async function approveDevice(context: IdentityContext, id: string, fingerprint: string): Promise<Device> {
  const { db, keys, keyring, now } = context;
  await inTransaction(db, async (trx) => {
    const row = await findLocked(trx, 'device', { id }, ['status', 'fingerprint']);
    if (!row) throw new Problem('unknown-device');
    compare(row.fingerprint, fingerprint);
    if (row.status === 'revoked') throw new Problem('device-revoked');
    if (row.status === 'approved') return;
    const secret = keys.seal('field', secretPlace(id), randomBytes(SECRET_BYTES));
    const approved = { status: 'approved', approved_at: now(), trusts: keyring.signingKids.join() } as const;
    await update(trx, 'device', { id }, { ...approved, provisioning_secret: secret });
    await republishSettings(trx, id, now());
  });
  return requireDevice(db, id);
}

/**
 * Registers and approves a kiosk from a request file, and returns the grant file to take back to the kiosk.
 *
 * @param signed request file: a join without a code
 * @param fingerprint as the kiosk's screen shows it
 * @throws Problem from openJoin, `fingerprint-differs`, `device-registered-otherwise`, `bad-certificate-request`, `unknown-site`
 */
export async function provisionByFile(
  context: IdentityContext,
  signed: string,
  { fingerprint, ...as }: { fingerprint: string; name: string; site: string | null; url?: string },
): Promise<{ device: Device; grant: string }> {
  const {
    join: { request },
    spv,
  } = await openJoin(signed.trim());
  await context.site(as.site);
  const url = new URL(as.url ?? context.deviceUrl()).origin;
  await inTransaction(context.db, async (trx) => {
    await register(trx, request, { name: as.name, site: as.site, url }, context.now());
    compare((await requireDevice(trx, request.id)).fingerprint, fingerprint);
  });
  const device = await approveDevice(context, request.id, fingerprint);
  const secret = randomBytes(SECRET_BYTES);
  // The secret in the file is not stored here. A kiosk that lost the file is provisioned again.
  await update(context.db, 'device', { id: device.id }, { provisioning_secret: null });
  return { device, grant: await grant(context, device, request.csr, { secret, spv }) };
}

function compare(registered: string | null, shown: string): void {
  if (registered && sameFingerprint(registered, shown)) return;
  throw new Problem('fingerprint-differs');
}

async function grant(
  context: IdentityContext,
  device: Device,
  csr: string,
  { secret, spv }: { readonly secret: Uint8Array; readonly spv: number },
): Promise<string> {
  const bundle = await bundleFor(context, device, csr);
  const provisioningSecret = Buffer.from(secret).toString('base64url');
  const to = { kty: 'OKP', crv: 'X25519', x: device.x25519 } as const;
  return sealGrant({ device: device.id, bundle, provisioningSecret }, context.keyring.signing, to, spv);
}

/** Makes the data that a registered device needs about its server, with a new certificate for the key in its request. */
export async function bundleFor(
  context: IdentityContext,
  device: Pick<Device, 'id' | 'site'>,
  csr: string,
): Promise<ServerBundle> {
  const { keyring } = context;
  const { url } = await get(context.db, 'device', { id: device.id }, ['url']);
  return ServerBundle.parse({
    serverId: keyring.serverId,
    serverUrl: url ?? context.deviceUrl(),
    mqttUrls: [...context.mqttUrls],
    keys: keyring.publicKeys,
    tlsCertPem: await issueFor(context, device.id, csr),
    site: await context.site(device.site),
  });
}

function waiting(device: Device): Waiting {
  return { state: 'pending', device: device.id, fingerprint: device.fingerprint ?? '' };
}

/** Most keys per device that have a certificate but were never used. More are a sign of answers that never arrive. */
const MAX_WAITING_KEYS = 8;

type Context = Pick<IdentityContext, 'db' | 'keyring' | 'now'>;

/**
 * Issues a certificate to an approved device for the key in its request, which may be the same as before. The old key stays
 * valid until the new one is used, since the answer may get lost.
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
    await remove(db, 'device_tls_key', { device: device.id, key_hash: waiting.map((w) => w.key_hash) });
  }
  return { tlsCertPem: await issueFor(context, device.id, csr), keys: keyring.publicKeys };
}

/** Issues a certificate, and records its end and issuer. @throws Problem `bad-certificate-request` */
async function issueFor({ db, keyring, now }: Context, device: string, csr: string): Promise<string> {
  const { ca } = keyring;
  const certPem = await issueDeviceCertificate(ca, device, csr, now().getTime());
  const { validToDate } = new X509Certificate(certPem);
  const issued = { cert_not_after: validToDate, cert_issuer: certificateId(ca.certPem) };
  await update(db, 'device', { id: device }, issued);
  return certPem;
}

/**
 * Returns whether this TLS key is registered for the device. The first use of a requested key makes it replace the one before.
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

/** Default life of a code, ms. */
export const CODE_MS = 24 * 3_600_000;
/** Longest life of a code, ms. */
const MAX_CODE_MS = 30 * 24 * 3_600_000;

export interface NewCode {
  /** What is typed at the kiosk. Shown once; only a keyed hash of its secret is kept. */
  readonly code: string;
  readonly expiresAt: Date;
}

/**
 * Makes a one-time code for one new kiosk.
 *
 * @param options.url where kiosks reach this server, if not at the configured address
 * @param options.lifeMs 1 minute to 30 days
 * @throws Problem `bad-server-address`, `unknown-site`, `bad-code-life`
 */
export async function makeCode(
  context: IdentityContext,
  options: { name: string; site: string | null; url?: string; lifeMs?: number },
): Promise<NewCode> {
  const { db, keys, keyring, now } = context;
  const lifeMs = options.lifeMs ?? CODE_MS;
  if (!(lifeMs >= 60_000 && lifeMs <= MAX_CODE_MS)) throw new Problem('bad-code-life');
  await context.site(options.site);
  const url = new URL(options.url ?? context.deviceUrl()).origin;
  const secret = randomBytes(CODE_BYTES);
  const code = writeJoinCode({ url, secret, pin: caPin(keyring.ca.certPem) });
  const expiresAt = new Date(now().getTime() + lifeMs);
  await insert(db, 'provisioning_code', {
    hash: keys.hashToken(`join/${secret.toString('base64url')}`),
    name: options.name,
    site: options.site,
    url,
    created_at: now(),
    expires_at: expiresAt,
  });
  return { code, expiresAt };
}

/**
 * Uses up a code for a device. The same device may present it again, also after the code has expired: the answer to its first
 * attempt may have been lost, and it does so whenever it is switched on before someone approves it. Once the device is revoked,
 * codes that it used before are no longer accepted.
 *
 * @param secret as it is in the code, base64url
 * @throws Problem `join-code-unknown`, `join-code-used`, `join-code-expired`
 */
async function useCode(
  trx: Db,
  { keys, now }: Pick<IdentityContext, 'keys' | 'now'>,
  secret: string,
  device: string,
): Promise<{ name: string; site: string | null; url: string }> {
  const hash = keys.hashToken(`join/${secret}`);
  const row = await findLocked(trx, 'provisioning_code', { hash });
  if (!row) throw new Problem('join-code-unknown');
  if (row.used_at && row.device !== device) throw new Problem('join-code-used');
  if (row.used_at) {
    const known = await find(trx, 'device', { id: device }, ['revoked_at']);
    if (known?.revoked_at && row.used_at <= known.revoked_at) throw new Problem('join-code-used');
    return row;
  }
  if (row.expires_at <= now()) throw new Problem('join-code-expired');
  await update(trx, 'provisioning_code', { hash }, { used_at: now(), device });
  return row;
}
