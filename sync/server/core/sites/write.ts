import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { NewSite, Site, SitePatch } from '../../../protocol/api/sites.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { defined, findLocked, insert, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { DEFAULT_SCOPE, keepSiteChange, listSites, repeatSecondsOf, resolveDirections } from './sites.ts';

/** @throws Problem `unknown-site` */
export async function findSite(db: Db, id: string): Promise<Site> {
  const site = (await listSites(db)).find((s) => s.id === id);
  if (!site) throw new Problem('unknown-site');
  return site;
}

/** Whose changes the kiosks of a site read (core/devices/scope.ts). @throws Problem `unknown-site` */
export async function scopeOfSite(db: Db, id: string): Promise<string> {
  return (await findSite(db, id)).isDefault ? DEFAULT_SCOPE : id;
}

export async function addSite(tx: Tx, site: NewSite): Promise<Site> {
  const id = v7();
  // As the default site, whose policy is this one's as long as it has none of its own.
  const repeat = await repeatSecondsOf(tx, DEFAULT_SCOPE);
  await insert(tx, 'site', {
    id,
    name: site.name,
    time_zone: site.timeZone,
    day_starts_at: site.dayStartsAt,
    ...(repeat !== null && { repeat_seconds: repeat }),
    is_default: false,
  });
  return findSite(tx, id);
}

/**
 * Changes a site, and keeps what it was. Another time zone or start of the day puts all of its records up for resolving again.
 *
 * @param seen the newest change of it that was known to the caller, or `none`; absent: whatever it is
 * @param by account, or `operator`: for the history
 * @throws Problem `settings-changed-meanwhile`: someone else was faster
 * @throws Problem `unknown-site`; `site-configured` where the server's own configuration says it
 */
export async function changeSite(
  tx: Tx,
  id: string,
  patch: SitePatch,
  now: Date,
  { seen, by = 'operator' }: { readonly seen?: string | undefined; readonly by?: string } = {},
): Promise<Site> {
  await findLocked(tx, 'site', { id }, ['id']);
  const before = await findSite(tx, id);
  if (seen !== undefined && seen !== (before.change ?? 'none')) throw new Problem('settings-changed-meanwhile');
  const changed =
    before.isDefault && (['name', 'timeZone'] as const).some((f) => patch[f] !== undefined && patch[f] !== before[f]);
  if (changed) throw new Problem('site-configured');
  const change = defined({ name: patch.name, time_zone: patch.timeZone, day_starts_at: patch.dayStartsAt });
  if (Object.keys(change).length === 0) return before;
  await update(tx, 'site', { id }, change);
  await keepSiteChange(tx, id, before, { ...before, ...defined(patch) }, now, by);
  const after = await findSite(tx, id);
  if (before.timeZone !== after.timeZone || before.dayStartsAt !== after.dayStartsAt) {
    await resolveDirections(tx, after);
    await appendChanges(tx, [{ kind: 'policy', ...(!before.isDefault && { site: id }) }], now);
  }
  return after;
}
