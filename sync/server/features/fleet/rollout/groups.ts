import { Problem } from '../../../../errors/problem.ts';
import type { MaintenanceWindow, Ring, RingId, SiteWindow } from '../../../../protocol/api/rollouts.ts';
import { DEFAULT_SCOPE, findSite, scopeOfSite } from '../../../core/sites/sites.ts';
import { exists, find, findAll, remove, upsert } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import { fleetOf, planOf, publishRollout, rolloutInForce, windowsOf } from './rollouts.ts';

/** Rings of kiosks, and the maintenance windows of sites. Changes are published to the kiosks at once. */

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
export async function windowOfSite(db: Db, id: string): Promise<SiteWindow> {
  const site = await findSite(db, id);
  const scope = site.isDefault ? DEFAULT_SCOPE : site.id;
  const own = await exists(db, 'update_window', { site: scope });
  const window = (await windowsOf(db))(scope);
  return {
    site: id,
    own,
    window: window && { from: window.from, to: window.to },
    timeZone: site.timeZone,
  };
}

/** Sets a site's own window. @param window null: at any hour. @throws Problem `unknown-site` */
export async function setWindow(tx: Tx, id: string, window: MaintenanceWindow | null, now: Date): Promise<void> {
  const hours = { starts: window?.from ?? null, ends: window?.to ?? null };
  await upsert(tx, 'update_window', 'site', { site: await scopeOfSite(tx, id), ...hours });
  await republish(tx, now);
}

/** Removes a site's own window, so that the default site's applies. @throws Problem `unknown-site` */
export async function dropWindow(tx: Tx, id: string, now: Date): Promise<void> {
  await remove(tx, 'update_window', { site: await scopeOfSite(tx, id) });
  await republish(tx, now);
}

async function republish(tx: Tx, now: Date): Promise<void> {
  const row = await rolloutInForce(tx);
  if (row) await publishRollout(tx, planOf(row), await fleetOf(tx, row.id), now);
}
