import { z } from 'zod';
import {
  DeviceApproval,
  DevicePage,
  DevicePatch,
  DeviceQuery,
  Device as DeviceShape,
  NewProvisioningCode,
  ProvisioningCode,
} from '../../../protocol/api/devices.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type Call, type RouteSpec, route } from '../../platform/access/route.ts';
import type { Db } from '../../platform/database/schema.ts';
import { qrSvg } from '../accounts/link-text.ts';
import { changeDevice } from './change.ts';
import { makeCode } from './codes.ts';
import { type IdentityContext, identityContext } from './context.ts';
import { approveDevice } from './join.ts';
import { type Device, findDevice, listDevices, revokeDevice, unknownDevice } from './registry.ts';

const One = z.strictObject({ device: Uuid });
/** Sort key of the list. */
const After = z.tuple([z.string().max(80), Uuid]);

const list = route({
  method: 'GET',
  path: '/api/devices',
  summary: 'Kiosks, by name',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  action: 'read',
  query: DeviceQuery,
  answer: DevicePage,
  errors: ['cursor-unreadable'],
  async handle({ tx, query: { cursor, limit, ...filter } }) {
    const from = readPageCursor(After, cursor);
    const found = await listDevices(tx, { ...filter, limit: limit + 1, after: from && { name: from[0], id: from[1] } });
    return pageFrom(found, limit, shown, (d) => [d.name, d.id]);
  },
});

const get = route({
  method: 'GET',
  path: '/api/devices/:device',
  summary: 'One kiosk',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  action: 'read',
  params: One,
  answer: DeviceShape,
  errors: ['unknown-device'],
  handle: ({ tx, params }) => found(tx, params.device),
});

const provision = route({
  method: 'POST',
  path: '/api/provisioning-codes',
  summary: 'A one-time code for one new kiosk; shown once',
  roles: ['admin'],
  data: [],
  action: 'operate',
  body: NewProvisioningCode,
  answer: ProvisioningCode,
  errors: ['unknown-site', 'bad-code-life', 'name-unreadable'],
  async handle(call) {
    const { name, site, url, minutes } = call.body;
    const options = { name, site, ...(url && { url }), ...(minutes && { lifeMs: minutes * 60_000 }) };
    const { code, expiresAt } = await makeCode(identityOf(call), options);
    call.on(name);
    return { code, svg: await qrSvg(code), expiresAt: expiresAt.toISOString() };
  },
});

const approve = route({
  method: 'POST',
  path: '/api/devices/:device/approve',
  summary: 'The fingerprint on the kiosk’s screen was compared: it may send from now on',
  roles: ['admin'],
  data: [],
  action: 'operate',
  params: One,
  body: DeviceApproval,
  answer: DeviceShape,
  errors: ['unknown-device', 'fingerprint-differs', 'device-revoked'],
  async handle(call) {
    call.on(call.params.device);
    const device = await approveDevice(identityOf(call), call.params.device, call.body.fingerprint);
    call.notify('board');
    return shown(device);
  },
});

const revoke = route({
  method: 'POST',
  path: '/api/devices/:device/revoke',
  summary: 'Take a kiosk’s right to speak away, from its next message on; its records stay',
  roles: ['admin'],
  data: [],
  action: 'operate',
  params: One,
  answer: DeviceShape,
  errors: ['unknown-device'],
  async handle({ tx, params, now, on, notify }) {
    on(params.device);
    const device = await revokeDevice(tx, params.device, now);
    notify('board');
    notify('change');
    return shown(device);
  },
});

const patch = route({
  method: 'PATCH',
  path: '/api/devices/:device',
  summary: 'Rename a kiosk, or put it at another site: it then gets that site’s people alone',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: One,
  body: DevicePatch,
  answer: DeviceShape,
  errors: ['unknown-device', 'unknown-site', 'name-unreadable'],
  async handle({ tx, params, body, now, on, notify }) {
    on(params.device);
    await changeDevice(tx, params.device, body, now);
    notify('board');
    notify('change');
    return found(tx, params.device);
  },
});

export const deviceRoutes: readonly RouteSpec[] = [list, get, provision, approve, revoke, patch];

/** What joining works on, inside the transaction of a request. */
function identityOf({ tx, services, now }: Call<unknown, unknown, unknown>): IdentityContext {
  const { keys, keyring, config, devicePort } = services;
  return identityContext({ db: tx, keys, keyring, config, now: () => now, ...(devicePort && { port: devicePort }) });
}

async function found(db: Db, id: string): Promise<DeviceShape> {
  const device = await findDevice(db, id);
  if (!device) throw unknownDevice();
  return shown(device);
}

function shown(device: Device): DeviceShape {
  const at = (date: Date | null) => date?.toISOString() ?? null;
  return {
    id: device.id,
    name: device.name,
    status: device.status,
    fingerprint: device.fingerprint,
    site: device.site,
    registeredAt: device.registeredAt.toISOString(),
    approvedAt: at(device.approvedAt),
    revokedAt: at(device.revokedAt),
    lastHeardAt: at(device.lastHeardAt),
    certificateEnds: at(device.certNotAfter),
  };
}
