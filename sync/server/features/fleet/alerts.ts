import type { Alert } from '../../../protocol/api/fleet.ts';
import { type Inventory, reportAlerts } from '../../../protocol/wire/fleet.ts';
import { BuildVersion, compareVersions } from '../../../protocol/wire/release.ts';

/** What is wrong with a kiosk, of what it reported and when it was heard. Pure. */

/** An idle kiosk asks every 20 s: silence of this length is more than a restart, an update or a bad moment, ms. */
export const OFFLINE_MS = 10 * 60_000;
export interface Seen {
  readonly lastHeardAt: Date | null;
  readonly report: Inventory | null;
}

/** @param newest version in the fleet; null: none has reported one */
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
  // What waits at a kiosk that isn't heard is only what silence brings.
  alerts.push(...reportAlerts(report).filter(({ code }) => code !== 'queue-long' || silent <= OFFLINE_MS));
  if (newest !== null && isVersion(report.version) && compareVersions(report.version, newest) < 0)
    add('old-version', 'warn', newest);
  return alerts;
}

/** The newest version that any of these kiosks runs. */
export function newestOf(reports: Iterable<Inventory | null>): string | null {
  let newest: string | null = null;
  for (const report of reports)
    if (report && isVersion(report.version) && (newest === null || compareVersions(report.version, newest) > 0))
      newest = report.version;
  return newest;
}

const isVersion = (text: string): boolean => BuildVersion.safeParse(text).success;
