import { sql } from 'kysely';
import type {
  Alert,
  FleetKiosk,
  FleetPage,
  FleetQuery,
  PastProblem,
  StaffRecord,
} from '../../../protocol/api/fleet.ts';
import { EventHeader, type Open } from '../../../protocol/wire/event.ts';
import { Inventory, reportAlerts } from '../../../protocol/wire/fleet.ts';
import { BuildVersion, compareVersions } from '../../../protocol/wire/release.ts';
import { type Device, listDevices, requireDevice, scopeOf } from '../../core/devices/registry.ts';
import { merged, settingsWithHistory } from '../../core/devices/settings.ts';
import { actorOf, staffNames } from '../../core/staff/store.ts';
import { writePageCursor } from '../../platform/access/cursor.ts';
import { find, findAll, idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { commandsOf, lastCommands, leavingOf } from './commands.ts';
import { ringOf, windowOfKiosk } from './rollout/groups.ts';

/** The health of kiosks, from their reports and last contact. */

interface Report {
  readonly at: Date;
  readonly report: Inventory;
}

/**
 * Returns one page, and totals of all approved kiosks. Alerts are computed on the fly, so every page reads all kiosks: some
 * thousands of small rows.
 *
 * @param after name and id of the last kiosk of the page before
 */
export async function fleetPage(
  db: Db,
  query: Omit<FleetQuery, 'cursor'>,
  after: readonly [string, string] | null,
  now: Date,
): Promise<FleetPage> {
  const all = await kiosks(db, await listDevices(db), now);
  const approved = all.filter(({ status }) => status === 'approved');
  const defaultSite = query.site && (await find(db, 'site', { is_default: true }, ['id']))?.id;
  const wanted = all.filter(
    (k) =>
      (query.device === undefined ? k.status === query.status : k.id === query.device) &&
      (query.site === undefined || (k.site ?? defaultSite) === query.site) &&
      (query.alert === undefined || k.alerts.some(({ code }) => code === query.alert)) &&
      (query.version === undefined || k.report?.version === query.version) &&
      (query.name === undefined || k.name.toLowerCase().includes(query.name.trim().toLowerCase())) &&
      (after === null || k.name > after[0] || (k.name === after[0] && k.id > after[1])),
  );
  const sorted = wanted.sort((a, b) => (a.name === b.name ? order(a.id, b.id) : order(a.name, b.name)));
  const items = sorted.slice(0, query.limit);
  const last = items.at(-1);
  return {
    items,
    next: sorted.length > query.limit && last ? writePageCursor([last.name, last.id]) : null,
    summary: {
      kiosks: approved.length,
      well: approved.filter(({ alerts }) => alerts.length === 0).length,
      alerts: tally(approved.flatMap(({ alerts }) => alerts.map(({ code }) => code))),
      versions: tally(approved.flatMap(({ report }) => report?.version ?? [])),
    },
  };
}

/** @throws Problem `unknown-device` */
export async function fleetDetail(db: Db, keys: Keys, id: string, now: Date) {
  const device = await requireDevice(db, id);
  const emailOf = await emailsOf(db, keys);
  const [kiosk] = await kiosks(db, [device], now);
  const own = await settingsWithHistory(db, { kind: 'device', scope: id }, emailOf);
  const site = await settingsWithHistory(db, { kind: 'site', scope: await scopeOf(db, id) }, () => null);
  return {
    kiosk: kiosk!,
    ring: await ringOf(db, id),
    updateWindow: await windowOfKiosk(db, id),
    own,
    template: site.settings,
    effective: merged(site.settings, own.settings),
    commands: await commandsOf(db, id, emailOf, now),
    staff: await staffLogOf(db, keys, id, now),
    problems: await problemsOf(db, id),
  };
}

/** Returns the present alerts of each approved kiosk. */
export async function alertsNow(db: Db, now: Date): Promise<{ device: string; alerts: Alert[] }[]> {
  const all = await kiosks(db, await listDevices(db), now);
  return all.filter(({ status }) => status === 'approved').map(({ id, alerts }) => ({ device: id, alerts }));
}

async function kiosks(db: Db, devices: readonly Device[], now: Date): Promise<FleetKiosk[]> {
  const reports = new Map<string, Report>();
  for (const row of await findAll(db, 'device_report', {})) {
    // A report in another form, from a different build, counts as none.
    const report = Inventory.safeParse(row.report).data;
    if (report) reports.set(row.device, { at: row.at, report });
  }
  const published = new Map((await findAll(db, 'fleet_config', {})).map((r) => [r.device, r.revision]));
  const leaving = await leavingOf(db, idsOf(devices));
  const commanded = await lastCommands(db);
  const changed = await lastProblems(db);
  const approved = await findAll(db, 'device', { status: 'approved' }, ['id']);
  const newest = newestOf(approved.map(({ id }) => reports.get(id)?.report ?? null));
  return devices.map(({ id, name, site, status, lastHeardAt }) => {
    const { at, report = null } = reports.get(id) ?? {};
    return {
      id,
      name,
      site,
      status,
      report,
      lastHeardAt: lastHeardAt?.toISOString() ?? null,
      reportAt: at?.toISOString() ?? null,
      alerts: status === 'approved' ? alertsOf({ lastHeardAt, report }, now, newest) : [],
      config: { published: published.get(id) ?? null, inForce: report?.configRevision ?? null },
      leaving: leaving.get(id) ?? null,
      commandAt: commanded.get(id) ?? null,
      problemAt: changed.get(id) ?? null,
    };
  });
}

/** Compares by code units, the same order that `after` uses for the next page. */
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Most records that are shown of what staff did, which the event log has in full, and of past problems. */
const SHOWN = 50;

/** Lists a kiosk's present and past problems, the last to begin first. */
async function problemsOf(db: Db, device: string): Promise<PastProblem[]> {
  const rows = await db
    .selectFrom('kiosk_alert')
    .select(['code', 'since', 'ended_at'])
    .where('device', '=', device)
    .orderBy('since', 'desc')
    .orderBy('code')
    .limit(SHOWN)
    .execute();
  return rows.map(({ code, since, ended_at }) => ({
    code,
    since: since.toISOString(),
    until: ended_at?.toISOString() ?? null,
  }));
}

/** Returns when a problem of each kiosk last began or ended. RFC 3339. */
async function lastProblems(db: Db): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('kiosk_alert')
    .select('device')
    .select((e) => e.fn.max<Date>(e.fn.coalesce('ended_at', 'since')).as('at'))
    .groupBy('device')
    .execute();
  return new Map(rows.map(({ device, at }) => [device, at.toISOString()]));
}

/** Lists what staff did at one kiosk, newest first, from the events in its chain. People it was done to are not named. */
async function staffLogOf(db: Db, keys: Keys, device: string, now: Date): Promise<StaffRecord[]> {
  const { rows } = await sql<{ id: string; header: unknown }>`
    select id, header from event
    where device = ${device}::uuid and (type = 'staff' or header->'open' ? 'by')
    order by at desc, id desc limit ${SHOWN}`.execute(db);
  const read = rows.map((row) => {
    const header = EventHeader.parse(row.header);
    return { id: row.id, header, open: header.open as Partial<Open<'staff'>> };
  });
  const named = read.flatMap(({ open }) => [open.by, open.member]);
  const names = await staffNames(db, keys, named);
  return read.map(({ id, header, open }) => {
    const other = open.member !== undefined && open.member !== open.by ? open.member : null;
    return {
      id,
      at: instantOf(header, now).toISOString(),
      what: open.what ?? (header.type === 'health' ? open.code! : header.type),
      outcome: open.outcome ?? 'done',
      code: header.type === 'health' ? null : (open.code ?? null),
      by: actorOf(open.by, names),
      member: other && (names.get(other) ?? null),
    };
  });
}

/** The alerts of a kiosk, from its report and last contact. Pure. */

/** Silence after which a kiosk is offline, ms. Longer than a restart or an update takes. An idle kiosk polls every 20 s. */
export const OFFLINE_MS = 10 * 60_000;
export interface Seen {
  readonly lastHeardAt: Date | null;
  readonly report: Inventory | null;
}

/** Returns a kiosk's alerts. @param newest version in the fleet; null if no kiosk has reported one */
export function alertsOf({ lastHeardAt, report }: Seen, now: Date, newest: string | null): Alert[] {
  if (lastHeardAt === null) return [{ code: 'never-heard', severity: 'warn', detail: null }];
  const alerts: Alert[] = [];
  const add = (code: Alert['code'], severity: Alert['severity'], detail: Alert['detail']) =>
    alerts.push({ code, severity, detail });
  const silent = now.getTime() - lastHeardAt.getTime();
  if (silent > OFFLINE_MS) add('offline', 'bad', Math.round(silent / 1000));
  if (!report) {
    add('no-report', 'warn', null);
    return alerts;
  }
  // A long queue at a silent kiosk is only a consequence of the silence.
  alerts.push(...reportAlerts(report).filter(({ code }) => code !== 'queue-long' || silent <= OFFLINE_MS));
  if (newest !== null && isVersion(report.version) && compareVersions(report.version, newest) < 0)
    add('old-version', 'warn', newest);
  return alerts;
}

/** Returns the newest version that any of these kiosks runs. Null if none reported a valid version. */
export function newestOf(reports: Iterable<Inventory | null>): string | null {
  let newest: string | null = null;
  for (const report of reports)
    if (report && isVersion(report.version) && (newest === null || compareVersions(report.version, newest) > 0))
      newest = report.version;
  return newest;
}

const isVersion = (text: string): boolean => BuildVersion.safeParse(text).success;
