import { Problem } from '../../../errors/problem.ts';
import { DeviceConfig } from '../../../protocol/wire/fleet.ts';
import { lockName } from '../../platform/database/once.ts';
import { camelCase, find, findAll, findSorted, insert, update, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { EmailOf } from '../../platform/http/email.ts';
import { DEFAULT_SCOPE, listSites } from '../sites/sites.ts';
import { publishDeviceState } from './device-state.ts';
import { readersOf, scopesOf } from './registry.ts';

/**
 * Settings of kiosks: one template per site, and each device's own settings on top of it. Every change is stored as a new
 * revision, also when an earlier one is restored. The merged settings are sent to the device under a number that only grows.
 */

/** Lock that allows one change at a time: a device receives a combination of two settings, each of which may be changing. */
const LOCK = 'fleet-settings';
/** How many revisions are shown, newest first. */
const SHOWN = 100;

export type Of = { readonly kind: 'site' | 'device'; readonly scope: string };

export async function settingsOf(db: Db, of: Of): Promise<{ settings: DeviceConfig; revision: number }> {
  const [row] = await findSorted(db, 'fleet_settings', of, ['revision'], { descending: true, limit: 1 });
  return row ? { settings: parsed(row.settings), revision: row.revision } : { settings: {}, revision: 0 };
}

export async function settingsWithHistory(db: Db, of: Of, emailOf: EmailOf) {
  const rows = await findSorted(db, 'fleet_settings', of, ['revision'], { descending: true, limit: SHOWN });
  const history = rows.map(({ kind: _, scope: __, ...row }) => ({
    ...camelCase(row),
    email: emailOf(row.by),
    settings: parsed(row.settings),
  }));
  return { settings: history[0]?.settings ?? {}, revision: history[0]?.revision ?? 0, history };
}

export interface Change {
  readonly settings: DeviceConfig;
  readonly by: string;
  /** Revision that the caller has seen. Absent: don't compare. */
  readonly after?: number;
  readonly revertedTo?: number;
}

/**
 * Replaces the settings, and publishes them to every device concerned. Equal settings are no change.
 * @returns whether anything changed
 * @throws Problem `settings-changed-meanwhile`
 */
export async function changeSettings(tx: Tx, of: Of, change: Change, now: Date): Promise<boolean> {
  await lockName(tx, LOCK);
  const before = await settingsOf(tx, of);
  if (change.after !== undefined && change.after !== before.revision) throw new Problem('settings-changed-meanwhile');
  if (same(before.settings, change.settings)) return false;
  await insert(tx, 'fleet_settings', {
    ...of,
    revision: before.revision + 1,
    settings: JSON.stringify(change.settings),
    at: now,
    by: change.by,
    reverted_to: change.revertedTo ?? null,
  });
  await publishSettings(tx, of.kind === 'device' ? [of.scope] : await readersOf(tx, [of.scope]), now);
  return true;
}

/** @throws Problem `settings-revision-unknown` */
export async function revertSettings(tx: Tx, of: Of, revision: number, by: string, now: Date): Promise<boolean> {
  // Revision 0 is the state before the first revision: no settings.
  if (revision === 0) return changeSettings(tx, of, { settings: {}, by, revertedTo: 0 }, now);
  const row = await find(tx, 'fleet_settings', { ...of, revision }, ['settings']);
  if (!row) throw new Problem('settings-revision-unknown');
  return changeSettings(tx, of, { settings: parsed(row.settings), by, revertedTo: revision }, now);
}

/** Returns a device's settings: its own override those of its site. */
export const merged = (template: DeviceConfig, own: DeviceConfig): DeviceConfig => ({ ...template, ...own });

/**
 * Publishes their current settings to those of these devices that received others before: after a change, a move to another
 * site, or an approval. Call it as the last step of a transaction, like `publishDeviceState`.
 */
export async function publishSettings(tx: Tx, devices: readonly string[], now: Date): Promise<void> {
  if (devices.length === 0) return;
  await lockName(tx, LOCK);
  const scopes = await scopesOf(tx, devices);
  const published = new Map((await findAll(tx, 'fleet_config', { device: [...devices] })).map((r) => [r.device, r]));
  const templates = new Map<string, DeviceConfig>();
  const news: { device: string; revision: number; config: DeviceConfig }[] = [];
  for (const device of devices) {
    const scope = scopes.get(device) ?? DEFAULT_SCOPE;
    if (!templates.has(scope)) templates.set(scope, (await settingsOf(tx, { kind: 'site', scope })).settings);
    const own = await settingsOf(tx, { kind: 'device', scope: device });
    const config = merged(templates.get(scope)!, own.settings);
    const before = published.get(device);
    if (before ? same(parsed(before.config), config) : Object.keys(config).length === 0) continue;
    news.push({ device, revision: (before?.revision ?? 0) + 1, config });
  }
  for (const { device, revision, config } of news) {
    const row = { revision, config: JSON.stringify(config), at: now };
    await upsert(tx, 'fleet_config', 'device', { device, ...row }, row);
  }
  const states = news.map(({ device, ...config }) => ({ device, state: { kind: 'config' as const, ...config } }));
  await publishDeviceState(tx, states, now);
}

/** Sends a device its settings again, under a higher number. A device that was revoked and approved again has none. */
export async function republishSettings(tx: Tx, device: string, now: Date): Promise<void> {
  const row = await find(tx, 'fleet_config', { device });
  if (row && Object.keys(parsed(row.config)).length > 0) {
    const revision = row.revision + 1;
    await update(tx, 'fleet_config', { device }, { revision, at: now });
    await publishDeviceState(tx, [{ device, state: { kind: 'config', revision, config: parsed(row.config) } }], now);
  }
  await publishSettings(tx, [device], now);
}

/** Returns the templates of all sites, sorted by name. */
export async function templatesOf(db: Db, emailOf: EmailOf) {
  const items = [];
  for (const { id, name, isDefault } of await listSites(db)) {
    const scope = isDefault ? DEFAULT_SCOPE : id;
    items.push({ site: id, name, isDefault, ...(await settingsWithHistory(db, { kind: 'site', scope }, emailOf)) });
  }
  return items;
}

/** Compares as JSON, in any order of the fields. */
const same = (a: DeviceConfig, b: DeviceConfig): boolean => canonical(a) === canonical(b);
const canonical = (config: DeviceConfig): string =>
  JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));

const parsed = (stored: unknown): DeviceConfig => DeviceConfig.parse(stored);
