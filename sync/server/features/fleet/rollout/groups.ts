import { Problem } from '../../../../errors/problem.ts';
import type { MaintenanceWindow, Ring, RingId, WindowInForce } from '../../../../protocol/api/rollouts.ts';
import { scopeOf } from '../../../core/devices/registry.ts';
import { DEFAULT_SCOPE, findSite } from '../../../core/sites/sites.ts';
import { exists, find, findAll, remove, upsert } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import { fleetOf, planOf, publishRollout, rolloutInForce, windowsOf } from './rollouts.ts';

/** Rings of kiosks, and the maintenance windows of sites and kiosks. Changes are published to the kiosks at once. */

/** Most kiosks of a ring that are listed by name. */
const NAMED = 500;

export async function listRings(db: Db): Promise<Ring[]> {
  const rings = await findAll(db, 'update_ring', {});
  const kiosks = await db
    .selectFrom('device as d')
    .leftJoin('device_ring as r', 'r.device', 'd.id')
    .select(['d.id', 'd.name', 'r.ring'])
    .where('d.status', '=', 'approved')
    .orderBy('d.name')
    .orderBy('d.id')
    .execute();
  const order: readonly RingId[] = ['canary', 'early', 'all'];
  return order.map((id) => {
    const of = kiosks.filter((k) => (k.ring ?? 'all') === id);
    return {
      id,
      name: rings.find((r) => r.id === id)?.name ?? null,
      count: of.length,
      kiosks: of.slice(0, NAMED).map((k) => ({ device: k.id, name: k.name })),
    };
  });
}

/** Returns the ring that a kiosk is in. */
export async function ringOf(db: Db, device: string): Promise<Pick<Ring, 'id' | 'name'>> {
  const id = (await find(db, 'device_ring', { device }, ['ring']))?.ring ?? 'all';
  return { id: id as RingId, name: (await find(db, 'update_ring', { id }, ['name']))?.name ?? null };
}

/** Renames a ring. @param name null restores its built-in name */
export async function nameRing(tx: Tx, id: RingId, name: string | null): Promise<void> {
  if (name === null) await remove(tx, 'update_ring', { id });
  else await upsert(tx, 'update_ring', 'id', { id, name });
}

/** @throws Problem `unknown-device` */
export async function putIntoRing(tx: Tx, device: string, ring: RingId, now: Date): Promise<void> {
  if (!(await exists(tx, 'device', { id: device }))) throw new Problem('unknown-device');
  if (ring === 'all') await remove(tx, 'device_ring', { device });
  else await upsert(tx, 'device_ring', 'device', { device, ring });
  await republish(tx, now);
}

/** @throws Problem `unknown-site` */
export async function windowOfSite(db: Db, id: string): Promise<WindowInForce> {
  const { isDefault, timeZone } = await findSite(db, id);
  return windowInForce(db, isDefault ? DEFAULT_SCOPE : id, undefined, timeZone);
}

export async function windowOfKiosk(db: Db, device: string): Promise<WindowInForce> {
  const scope = await scopeOf(db, device);
  const site = await find(db, 'site', scope === DEFAULT_SCOPE ? { is_default: true } : { id: scope }, ['time_zone']);
  return windowInForce(db, scope, device, site?.time_zone ?? 'UTC');
}

async function windowInForce(db: Db, scope: string, device: string | undefined, timeZone: string) {
  const own = await exists(db, 'update_window', { scope: device ?? scope });
  const window = (await windowsOf(db))(scope, device);
  return { own, window: window && { from: window.from, to: window.to }, timeZone };
}

/** Sets the own window of a site or kiosk. @param scope a device, or the scope of a site @param window null: at any hour */
export async function setWindow(tx: Tx, scope: string, window: MaintenanceWindow | null, now: Date): Promise<void> {
  await upsert(tx, 'update_window', 'scope', { scope, starts: window?.from ?? null, ends: window?.to ?? null });
  await republish(tx, now);
}

/** Removes the own window of a site or kiosk, so that the next wider one applies. @param scope as for `setWindow` */
export async function dropWindow(tx: Tx, scope: string, now: Date): Promise<void> {
  await remove(tx, 'update_window', { scope });
  await republish(tx, now);
}

async function republish(tx: Tx, now: Date): Promise<void> {
  const row = await rolloutInForce(tx);
  if (row) await publishRollout(tx, planOf(row), await fleetOf(tx, row.id), now);
}
