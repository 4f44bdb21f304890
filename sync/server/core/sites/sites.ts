import { sql } from 'kysely';
import { NIL, v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { NewSite, Site, SitePatch } from '../../../protocol/api/sites.ts';
import { attendanceDays, type DayOf } from '../../../protocol/wire/calendar.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import {
  camelCase,
  defined,
  find,
  findLocked,
  findSorted,
  insert,
  not,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/**
 * Scope of the default site. A scope is the site whose changes a device reads. For the default site it is the nil UUID,
 * whatever the id of its row in `site`, and even before that row exists, since a device without a site belongs to it.
 */
export const DEFAULT_SCOPE = NIL;

/** Used if nothing is configured. */
const FALLBACK = { timeZone: 'UTC', dayStartsAt: '00:00', repeatSeconds: 60 };

/**
 * Writes the site in the server's own configuration, to which every device without another site belongs. If its time zone
 * changed, all of its records are queued to be resolved again, and kiosks receive the new one.
 *
 * @param site `repeatSeconds` is used only when the site is created
 */
export async function ensureDefaultSite(
  db: Db,
  site: { readonly id: string; readonly name: string; readonly timeZone: string; readonly repeatSeconds?: number },
  now: Date,
): Promise<void> {
  const before = await find(db, 'site', { id: site.id });
  if (before?.name === site.name && before.time_zone === site.timeZone && before.is_default) return;
  await db.transaction().execute(async (tx) => {
    await update(tx, 'site', { id: not(site.id) }, { is_default: false });
    const values = { name: site.name, time_zone: site.timeZone, is_default: true };
    const repeat_seconds = site.repeatSeconds ?? FALLBACK.repeatSeconds;
    await upsert(tx, 'site', 'id', { id: site.id, ...values, repeat_seconds }, values);
    if (!before) return;
    const was = { name: before.name, timeZone: before.time_zone, dayStartsAt: before.day_starts_at };
    await keepSiteChange(tx, site.id, was, { ...was, name: site.name, timeZone: site.timeZone }, now, 'configuration');
    if (before.time_zone === site.timeZone) return;
    await resolveDirections(tx, { id: site.id, isDefault: true });
    await appendChanges(tx, [{ kind: 'policy' }], now);
  });
}

type SiteFacts = Pick<Site, 'name' | 'timeZone' | 'dayStartsAt'>;

/** Records a change of a site in its history, if there is any. @param by account, `operator` or `configuration` */
async function keepSiteChange(
  tx: Tx,
  site: string,
  before: SiteFacts,
  after: SiteFacts,
  now: Date,
  by: string,
): Promise<void> {
  const facts = ({ name, timeZone, dayStartsAt }: SiteFacts) => JSON.stringify({ name, timeZone, dayStartsAt });
  if (facts(before) === facts(after)) return;
  const id = v7();
  await insert(tx, 'site_change', { id, site, at: now, by, before: facts(before), after: facts(after) });
  await update(tx, 'site', { id: site }, { change: id });
}

/** The site that rows are selected for. `id` is null if the default site has no row yet. */
export interface SiteId extends Pick<Site, 'isDefault'> {
  readonly id: string | null;
}

/** Returns an SQL condition: the column names this site, or is null and this is the default site. */
export const ofSite = (site: SiteId, column = 'site') =>
  sql<boolean>`(${sql.ref(column)} = ${site.id}::uuid or (${sql.ref(column)} is null and ${site.isDefault}::boolean))`;

/** Queues every record of a site to be resolved again, since another rule applies from now on. */
async function resolveDirections(tx: Tx, site: SiteId) {
  await sql`insert into attendance_due (person, site, at)
            select person, site, min(at) from checkin where person is not null and ${ofSite(site)}
            group by person, site, date_trunc('minute', at)`.execute(tx);
}

/** Returns a scope's repeat window: seconds within which two records of a person count as one. Null if the site has no row. */
export async function repeatSecondsOf(db: Db, scope: string): Promise<number | null> {
  const site = scope === DEFAULT_SCOPE ? { is_default: true } : { id: scope };
  return (await find(db, 'site', site, ['repeat_seconds']))?.repeat_seconds ?? null;
}

/**
 * Changes a site's repeat window, by which the server counts and which its kiosks receive. A change of the default site also
 * applies to sites that have no policy of their own and had the same window. The rows are locked until the commit. If the
 * scope's site has no row, nothing is changed.
 */
export async function changeRepeatSeconds(tx: Tx, scope: string, seconds: number): Promise<void> {
  const rows = await tx.selectFrom('site').selectAll().orderBy('id').forUpdate().execute();
  const site = rows.find((r) => (scope === DEFAULT_SCOPE ? r.is_default : r.id === scope));
  if (!site || site.repeat_seconds === seconds) return;
  const before = site.repeat_seconds;
  const own = new Set((await tx.selectFrom('site_policy').select('site').execute()).map((r) => r.site));
  const alike = (r: (typeof rows)[number]) => site.is_default && r.repeat_seconds === before && !own.has(r.id);
  for (const one of rows.filter((r) => r === site || alike(r))) {
    await update(tx, 'site', { id: one.id }, { repeat_seconds: seconds });
    await resolveDirections(tx, { id: one.id, isDefault: one.is_default });
  }
}

export async function listSites(db: Db): Promise<Site[]> {
  return (await findSorted(db, 'site', {}, ['name', 'id'])).map(camelCase);
}

const calendars = new Map<string, DayOf>();

/** Returns the day function of a calendar. It is cached, since it remembers the days it has computed. */
export function calendarOf({ timeZone, dayStartsAt }: { timeZone: string; dayStartsAt: string }): DayOf {
  const key = `${timeZone} ${dayStartsAt}`;
  let dayOf = calendars.get(key);
  if (!dayOf) {
    dayOf = attendanceDays({ timeZone, dayStartsAt });
    calendars.set(key, dayOf);
  }
  return dayOf;
}

/** Rules by site id. A record without a site belongs to the default site. */
export interface RulesBySite {
  readonly defaultSite: string | null;
  of(site: string | null): SiteRules;
}

export async function rulesBySite(db: Db): Promise<RulesBySite> {
  const sites = await listSites(db);
  const byId = new Map(sites.map((s) => [s.id, s]));
  const defaultSite = sites.find((s) => s.isDefault)?.id ?? null;
  return {
    defaultSite,
    of(id) {
      const site = byId.get(id ?? defaultSite ?? '') ?? FALLBACK;
      return { dayOf: calendarOf(site), repeatMs: site.repeatSeconds * 1000 };
    },
  };
}

export interface SiteRules {
  readonly dayOf: DayOf;
  /** Records of a person within this time of one that counts are repeats of it, ms. */
  readonly repeatMs: number;
}

/** @throws Problem `unknown-site` */
export async function findSite(db: Db, id: string): Promise<Site> {
  const site = (await listSites(db)).find((s) => s.id === id);
  if (!site) throw new Problem('unknown-site');
  return site;
}

/** Returns the scope of a site (see DEFAULT_SCOPE). @throws Problem `unknown-site` */
export async function scopeOfSite(db: Db, id: string): Promise<string> {
  return (await findSite(db, id)).isDefault ? DEFAULT_SCOPE : id;
}

export async function addSite(tx: Tx, site: NewSite): Promise<Site> {
  const id = v7();
  // The same as at the default site, whose policy applies as long as this site has none of its own.
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
 * Changes a site and records the change in its history. After a change of the time zone or the start of the day, all of its
 * records are queued to be resolved again.
 *
 * @param seen the newest change that the caller knew of, or `none`; absent: don't compare
 * @param by account, or `operator`: for the history
 * @throws Problem `unknown-site`; `settings-changed-meanwhile` if someone else was faster; `site-configured` if the server's
 *   own configuration sets the value
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
