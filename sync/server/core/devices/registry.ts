import { MAX as MAX_UUID, NIL as NIL_UUID } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { deviceFingerprint } from '../../../protocol/seal/fingerprint.ts';
import type { DeviceRequest } from '../../../protocol/wire/provisioning.ts';
import { type Asked, byText, byTime, byTimeOf, type Page, pageOfItems, readPage } from '../../platform/access/list.ts';
import {
  camelCase,
  exists,
  find,
  findAll,
  findLocked,
  idsOf,
  insertNew,
  remove,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Row } from '../../platform/database/schema.ts';
import { requestKeyHash } from '../../platform/keys/requests.ts';
import { DEFAULT_SCOPE } from '../sites/sites.ts';
import { clearDeviceState } from './device-state.ts';

/** A row of `device`, without its secret. `trusts`: thumbprints of our signing keys that it trusts; null if unknown. */
export type Device = Readonly<ReturnType<typeof toDevice>>;

/**
 * Registers a device as pending until someone has compared its fingerprint. A revoked device may register again, but only
 * if all of its keys are new. The time of its last revocation stays on record.
 *
 * @throws Problem `device-id-reserved`, `device-registered-otherwise`, `device-revoked`, `bad-certificate-request`
 */
export async function register(
  db: Db,
  request: DeviceRequest,
  as: { name: string; site: string | null; url: string | null },
  now: Date,
): Promise<void> {
  await requireFreeId(db, request.id);
  const keys = {
    ed25519: request.ed25519PublicJwk.x,
    x25519: request.x25519PublicJwk.x,
    tls_key_hash: await requestKeyHash(request.csr),
  };
  const fingerprint = await deviceFingerprint(request);
  const first = { status: 'pending', csr: request.csr, fingerprint, registered_at: now } as const;
  await insertNew(db, 'device', { id: request.id, ...as, ...keys, ...first, last_heard_at: null });
  const row = (await findLocked(db, 'device', { id: request.id }))!;
  const same = row.ed25519 === keys.ed25519 && row.x25519 === keys.x25519;
  if (row.status === 'revoked') {
    // Any of its keys may be in the hands of the person because of which we revoked it.
    if (row.ed25519 === keys.ed25519 || row.x25519 === keys.x25519 || row.tls_key_hash === keys.tls_key_hash)
      throw new Problem('device-revoked');
    await remove(db, 'device_tls_key', { device: request.id });
    await clearDeviceState(db, request.id);
    const registration = {
      ...as,
      ...keys,
      ...first,
      approved_at: null,
      provisioning_secret: null,
      trusts: null,
      answer_heard: null,
      cert_not_after: null,
      cert_issuer: null,
    };
    await movingDevice(db, request.id, now, () => update(db, 'device', { id: request.id }, registration));
    return;
  }
  // A device that has renewed its certificate has another TLS key by now. Its original request is still accepted.
  if (!same || (row.tls_key_hash !== keys.tls_key_hash && row.csr !== request.csr))
    throw new Problem('device-registered-otherwise');
  // It is not approved yet and presents another code: name, site and address are those of the new code.
  if (row.status === 'pending') await update(db, 'device', { id: request.id }, as);
}

/** Refuses an id with a special meaning, since a kiosk chooses its own id. @throws Problem `device-id-reserved` */
async function requireFreeId(db: Db, id: string): Promise<void> {
  const server = await exists(db, 'keyring.identity', { server_id: id });
  if (!server && id !== NIL_UUID && id !== MAX_UUID) return;
  throw new Problem('device-id-reserved');
}

export async function findDevice(db: Db, id: string): Promise<Device | null> {
  const row = await find(db, 'device', { id });
  return row ? toDevice(row) : null;
}

/** @throws Problem `unknown-device` */
export async function requireDevice(db: Db, id: string): Promise<Device> {
  const device = await findDevice(db, id);
  if (!device) throw new Problem('unknown-device');
  return device;
}

/** Selects devices. All of them if empty. */
export interface DeviceFilter {
  readonly status?: Device['status'] | undefined;
  /** Exactly this site: devices that belong to the default site implicitly are not included. */
  readonly site?: string | undefined;
}

export async function listDevices(db: Db, filter: DeviceFilter = {}): Promise<Device[]> {
  return (await devicesOf(db, filter).orderBy('name').orderBy('id').execute()).map(toDevice);
}

const SORTING = {
  by: {
    name: byText('name'),
    status: byText('status'),
    lastHeardAt: byTime('last_heard_at'),
    registeredAt: byTimeOf('registered_at'),
    certificateEnds: byTime('cert_not_after'),
  },
  id: 'id',
};

export async function devicePage(
  db: Db,
  filter: DeviceFilter,
  ask: Asked<keyof typeof SORTING.by>,
): Promise<Page<Device>> {
  return pageOfItems(await readPage(db, devicesOf(db, filter), SORTING, ask), toDevice);
}

function devicesOf(db: Db, { status, site }: DeviceFilter) {
  let query = db.selectFrom('device').selectAll();
  if (status !== undefined) query = query.where('status', '=', status);
  if (site !== undefined) query = query.where('site', '=', site);
  return query;
}

/**
 * Checks that the server may accept messages of this device. Called for every message, so that a revocation takes effect on
 * the next one.
 *
 * @throws Problem `unknown-device`, `device-revoked`, `device-not-approved`
 */
export function requireApproved(device: Device | null): asserts device is Device {
  if (!device) throw new Problem('unknown-device');
  if (device.status === 'revoked') throw new Problem('device-revoked');
  if (device.status !== 'approved') throw new Problem('device-not-approved');
}

/** By how much the clocks of replicas may differ, ms. */
const SKEW_MS = 60_000;

/**
 * Records that a device has sent an ask. It has received its grant, so the provisioning secret is deleted.
 *
 * Anyone on the path of an ask can store and replay it. So an ask names the time of the newest answer that the device has,
 * and counts as a sign of life only if that is newer than in any ask before. One that names none counts only until the
 * device first names one: it has not been answered yet.
 *
 * @returns whether it is a sign of life. If not, the ask is answered and nothing in it is stored.
 */
export async function heardFrom(db: Db, id: string, heard: string | null, now: Date): Promise<boolean> {
  const latest = new Date(now.getTime() + SKEW_MS);
  const at = heard === null ? null : new Date(heard);
  if (at && at > latest) return false;
  const row = await db
    .updateTable('device')
    .set({ last_heard_at: now, provisioning_secret: null, ...(at && { answer_heard: at }) })
    .where('id', '=', id)
    .where((e) =>
      e.or([
        e('answer_heard', 'is', null),
        // It is newer; or our clock was ahead when the stored time was written, so that all later ones seem older.
        ...(at ? [e('answer_heard', '<', at), e('answer_heard', '>', latest)] : []),
      ]),
    )
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Stores which of our keys a device knows, so that acks are signed by one of them and `keys retire` can warn. */
export async function noteKnownKeys(
  db: Db,
  device: Device,
  { trusts, sealedTo }: { trusts?: readonly string[]; sealedTo?: string },
): Promise<void> {
  const change = {
    ...(trusts && trusts.join() !== device.trusts?.join() && { trusts: trusts.join() }),
    ...(sealedTo && sealedTo !== device.sealedTo && { sealed_to: sealedTo }),
  };
  if (Object.keys(change).length > 0) await update(db, 'device', { id: device.id }, change);
}

/**
 * Revokes a device, from its next message on. Its records are kept.
 *
 * @throws Problem `unknown-device`
 */
export async function revokeDevice(db: Db, id: string, now: Date): Promise<Device> {
  const row = await db
    .updateTable('device')
    .set({ status: 'revoked', revoked_at: now, provisioning_secret: null })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new Problem('unknown-device');
  return toDevice(row);
}

function toDevice({ provisioning_secret: _, trusts, ...row }: Row<'device'>) {
  return { ...camelCase(row), trusts: trusts?.split(',') ?? null };
}

export async function scopeOf(db: Db, device: string): Promise<string> {
  return (await scopesOf(db, [device])).get(device) ?? DEFAULT_SCOPE;
}

export async function scopesOf(db: Db, devices: readonly string[]): Promise<Map<string, string>> {
  if (devices.length === 0) return new Map();
  const rows = await db
    .selectFrom('device as d')
    .leftJoin('site as s', 's.id', 'd.site')
    .select(['d.id', 'd.site', 's.is_default'])
    .where('d.id', 'in', [...new Set(devices)])
    .execute();
  return new Map(rows.map((r) => [r.id, r.site && !r.is_default ? r.site : DEFAULT_SCOPE]));
}

/** Runs a change that may move a device to another site, and records until when it was at the site before. */
export async function movingDevice(db: Db, device: string, now: Date, move: () => Promise<unknown>): Promise<void> {
  const before = await scopeOf(db, device);
  await move();
  if (before === (await scopeOf(db, device))) return;
  await upsert(db, 'device_site_past', ['device', 'site'], { device, site: before, until: now }, { until: now });
}

/** Returns ids of approved devices that read these scopes; of all scopes for null. */
export async function readersOf(db: Db, scopes: readonly string[] | null): Promise<string[]> {
  const ids = idsOf(await findAll(db, 'device', { status: 'approved' }, ['id']));
  if (!scopes) return ids;
  const of = await scopesOf(db, ids);
  return ids.filter((id) => scopes.includes(of.get(id)!));
}

/** Like `readersOf`, plus devices that were in these scopes earlier: they may still hold data from there. */
export async function everReadersOf(db: Db, scopes: readonly string[]): Promise<string[]> {
  const past = await db
    .selectFrom('device_site_past as p')
    .innerJoin('device as d', 'd.id', 'p.device')
    .select('d.id')
    .where('d.status', '=', 'approved')
    .where('p.site', 'in', scopes)
    .execute();
  return [...new Set([...(await readersOf(db, scopes)), ...past.map((r) => r.id)])];
}
