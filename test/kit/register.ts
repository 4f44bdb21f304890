import { type DeviceSecret, deviceFingerprint, deviceRequest } from '../../sync/edge/identity.ts';
import { provisionByFile } from '../../sync/protocol/api/devices.ts';
import { openGrant, signJoin } from '../../sync/protocol/seal/join.ts';
import type { DeviceRequest, ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { asOperator } from '../../sync/server/app/open.ts';
import { register } from '../../sync/server/core/devices/registry.ts';
import { update } from '../../sync/server/platform/database/rows.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';

/** Registers a kiosk as approved, without its certificate. */
export async function registerDevice(db: Db, request: DeviceRequest, now: Date): Promise<void> {
  const { id, name } = request;
  await register(db, request, { name, site: null, url: null }, now);
  await update(db, 'device', { id }, { approved_at: now, status: 'approved' });
}

/** Registers and approves a kiosk by its file, as the operator of this server does. The server need not be running. */
export async function provision(
  env: Readonly<Record<string, string | undefined>>,
  secret: DeviceSecret,
  name: string,
): Promise<ServerBundle> {
  const request = await deviceRequest(secret, name);
  const signed = await signJoin({ secret: null, request }, secret.signing);
  const body = { request: signed, fingerprint: await deviceFingerprint(request), name };
  const { grant } = await asOperator(env, (call) => call(provisionByFile, { body }), { makes: true });
  return (await openGrant(grant, secret.device, secret.sealing)).bundle;
}
