import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/devices.ts';
import { serverFingerprint } from '../../../protocol/seal/fingerprint.ts';
import { pageOfItems } from '../../platform/access/list.ts';
import { type Call, implement, type Route } from '../../platform/access/route.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { defined, findLocked, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { qrSvg } from '../accounts/links.ts';
import { findSite } from '../sites/sites.ts';
import { approveDevice, type IdentityContext, identityContext, makeCode, provisionByFile } from './join.ts';
import { type Device, devicePage, movingDevice, requireDevice, revokeDevice } from './registry.ts';
import { publishSettings } from './settings.ts';

export const deviceRoutes: readonly Route[] = [
  implement(api.listDevices, async ({ tx, query: { status, site, ...ask } }) =>
    pageOfItems(await devicePage(tx, { status, site }, ask), shown),
  ),
  implement(api.getDevice, async ({ tx, params }) => shown(await requireDevice(tx, params.device))),
  implement(api.createProvisioningCode, async (call) => {
    const { name, site, url, minutes } = call.body;
    const options = { name, site, ...(url && { url }), ...(minutes && { lifeMs: minutes * 60_000 }) };
    const { code, expiresAt } = await makeCode(identityOf(call), options);
    call.on(name);
    return { code, svg: await qrSvg(code), expiresAt };
  }),
  implement(api.provisionByFile, async (call) => {
    const { request, url, ...as } = call.body;
    const { device, grant } = await provisionByFile(identityOf(call), request, { ...as, ...(url && { url }) });
    call.on(device.id);
    call.notify('board', 'change');
    return { device: device.id, grant, serverFingerprint: serverFingerprint(call.services.keyring.ca.certPem) };
  }),
  implement(api.approveDevice, async (call) => {
    const device = await approveDevice(identityOf(call), call.params.device, call.body.fingerprint);
    call.notify('board');
    return shown(device);
  }),
  implement(api.revokeDevice, async ({ tx, params, now, notify }) => {
    const device = await revokeDevice(tx, params.device, now);
    notify('board', 'change');
    return shown(device);
  }),
  implement(api.changeDevice, async ({ tx, params, body, now, notify }) => {
    await changeDevice(tx, params.device, body, now);
    notify('board', 'change');
    return shown(await requireDevice(tx, params.device));
  }),
];

function identityOf({ tx, services, now }: Call<unknown, unknown, unknown>): IdentityContext {
  const { keys, keyring, config, devicePort } = services;
  return identityContext({ db: tx, keys, keyring, config, now: () => now, ...(devicePort && { port: devicePort }) });
}

function shown(device: Device) {
  const { id, name, status, fingerprint, site, registeredAt, approvedAt, revokedAt, lastHeardAt, certNotAfter } =
    device;
  const times = { registeredAt, approvedAt, revokedAt, lastHeardAt, certificateEnds: certNotAfter };
  return { id, name, status, fingerprint, site, ...times };
}

/**
 * Changes a device's name or site. At another site it receives that site's people, and what it records from now on belongs to
 * that site.
 *
 * @param patch `site` null: the default site
 * @throws Problem `unknown-device`, `unknown-site`
 */
export async function changeDevice(
  tx: Tx,
  id: string,
  patch: { readonly name?: string | undefined; readonly site?: string | null | undefined },
  now: Date,
): Promise<void> {
  if (patch.site) await findSite(tx, patch.site);
  const change = defined({ name: patch.name, site: patch.site });
  const known = await findLocked(tx, 'device', { id }, ['id']);
  if (!known) throw new Problem('unknown-device');
  if (Object.keys(change).length > 0) await movingDevice(tx, id, now, () => update(tx, 'device', { id }, change));
  // Its cursor is of another scope now, so its next ask starts a snapshot. This change makes it send an ask.
  if (patch.site !== undefined) {
    await appendChanges(tx, [{ kind: 'policy', device: id }], now);
    await publishSettings(tx, [id], now);
  }
}
