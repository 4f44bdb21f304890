import { randomBytes } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { sameFingerprint } from '../../../protocol/seal/fingerprint.ts';
import { openJoin, openProof, sealGrant } from '../../../protocol/seal/join.ts';
import type { Waiting } from '../../../protocol/wire/join.ts';
import { ServerBundle } from '../../../protocol/wire/provisioning.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { findLocked, get, update } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { type Place, placeOf } from '../../platform/keys/envelope.ts';
import { useCode } from './codes.ts';
import type { IdentityContext } from './context.ts';
import { type Device, findDevice, register } from './registry.ts';
import { issueFor } from './renewal.ts';
import { republishSettings } from './settings.ts';

const SECRET_BYTES = 32;
const secretPlace = (device: string): Place => placeOf('device.provisioning-secret', device);

/**
 * A kiosk shows its keys and a code. It is pending from then on: it may send nothing until an administrator approves it.
 *
 * @param signed a join (seal/join.ts)
 * @throws Problem of openJoin and useCode, `device-registered-otherwise`, `bad-certificate-request`
 */
export async function joinByCode(context: IdentityContext, signed: string): Promise<Waiting> {
  const {
    join: { secret, request },
  } = await openJoin(signed);
  if (!secret) throw new Problem('join-code-missing');
  await inTransaction(context.db, async (trx) => {
    const { name, site, url } = await useCode(trx, context, secret, request.id);
    await register(trx, request, { name, site, url, status: 'pending' }, context.now());
  });
  return waiting(await found(context.db, request.id));
}

/**
 * The kiosk asks whether it was approved.
 *
 * @param proof by the device's own key (seal/join.ts)
 * @returns the sealed grant, or what still has to be compared
 * @throws Problem `unknown-device`, of openProof, `device-revoked`, `join-finished` (it has been given, and was used)
 */
export async function pollJoin(context: IdentityContext, id: string, proof: string): Promise<string | Waiting> {
  const device = await findDevice(context.db, id);
  if (!device) throw new Problem('unknown-device');
  const spv = await openProof(proof, id, { kty: 'OKP', crv: 'Ed25519', x: device.ed25519 });
  if (device.status === 'revoked') throw new Problem('device-revoked');
  if (device.status === 'pending') return waiting(device);
  const { provisioning_secret: sealed, csr } = await get(context.db, 'device', { id }, ['provisioning_secret', 'csr']);
  if (!sealed || !csr) throw new Problem('join-finished');
  return grant(context, device, csr, { secret: context.keys.open('field', secretPlace(id), sealed), spv });
}

/**
 * An administrator has compared the fingerprints. Doing it again changes nothing.
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
    await update(
      trx,
      'device',
      { id },
      {
        status: 'approved',
        approved_at: now(),
        provisioning_secret: keys.seal('field', secretPlace(id), randomBytes(SECRET_BYTES)),
        trusts: keyring.signingKids.join(),
      },
    );
    await republishSettings(trx, id, now());
  });
  return found(db, id);
}

/**
 * Registers and approves a kiosk from a file that an administrator carried, and gives the file to carry back.
 *
 * @param signed request file: a join without a code
 * @param fingerprint as the kiosk's screen shows it
 * @throws Problem of openJoin, `fingerprint-differs`, `device-registered-otherwise`, `bad-certificate-request`, `unknown-site`
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
    await register(trx, request, { name: as.name, site: as.site, url, status: 'pending' }, context.now());
    compare((await found(trx, request.id)).fingerprint, fingerprint);
  });
  const device = await approveDevice(context, request.id, fingerprint);
  const secret = randomBytes(SECRET_BYTES);
  // What the file carries is kept nowhere: a kiosk that lost it is provisioned again.
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

/** What a registered device needs to know of its server, with a new certificate for the key of its request. */
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

async function found(db: Db, id: string): Promise<Device> {
  const device = await findDevice(db, id);
  if (!device) throw new Problem('unknown-device');
  return device;
}
