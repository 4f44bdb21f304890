import { findAll, upsert } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { DEFAULT_SCOPE } from '../sites/sites.ts';

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

/** Runs what may put a device at another site, and keeps until when it was at the one before. */
export async function movingDevice(db: Db, device: string, now: Date, move: () => Promise<unknown>): Promise<void> {
  const before = await scopeOf(db, device);
  await move();
  if (before === (await scopeOf(db, device))) return;
  await upsert(db, 'device_site_past', ['device', 'site'], { device, site: before, until: now }, { until: now });
}

/** Devices that may speak and read these scopes; all of them for null. */
export async function readersOf(db: Db, scopes: readonly string[] | null): Promise<string[]> {
  const rows = await findAll(db, 'device', { status: 'approved' }, ['id']);
  const ids = rows.map((r) => r.id);
  if (!scopes) return ids;
  const of = await scopesOf(db, ids);
  return ids.filter((id) => scopes.includes(of.get(id)!));
}

/** The same, and those that were of these scopes once: they may still hold what they got there. */
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
