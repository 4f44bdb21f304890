import type { Alert } from '../../../protocol/api/fleet.ts';
import type { Inventory } from '../../../protocol/wire/fleet.ts';
import { BuildVersion, compareVersions } from '../../../protocol/wire/release.ts';

/** What is wrong with a kiosk, of what it reported and when it was heard. Pure. */

/** An idle kiosk asks every 20 s: silence of this length is more than a restart, an update or a bad moment, ms. */
export const OFFLINE_MS = 10 * 60_000;
/** The kiosk's own lines (electron/core/status/storage.ts), bytes. */
const DISK_LOW = 500 * 1024 * 1024;
const DISK_FULL = 20 * 1024 * 1024;
/** Codes of people's own pages live minutes: from here on some are refused, ms. */
const CLOCK_MS = 120_000;
/** °C: small computers slow down from about here. */
const HOT = 80;
/** Records that wait although the kiosk is heard. */
const QUEUE_LONG = 500;
/** Words of a camera that nobody can use. */
const CAMERA_BAD: ReadonlySet<string> = new Set([
  'none',
  'busy',
  'denied',
  'unplugged',
  'frozen',
  'broken',
  'covered',
  'blind',
]);

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
  const { diskFree, camera, clockOffsetMs, temperature, configProblem, queued, version } = report;
  if (diskFree !== null && diskFree < DISK_FULL) add('disk-full', 'bad', diskFree);
  else if (diskFree !== null && diskFree < DISK_LOW) add('disk-low', 'warn', diskFree);
  if (CAMERA_BAD.has(camera)) add('camera-bad', 'bad', camera);
  if (Math.abs(clockOffsetMs) > CLOCK_MS) add('clock-off', 'warn', Math.round(clockOffsetMs / 1000));
  if (temperature !== null && temperature >= HOT) add('hot', 'warn', temperature);
  if (configProblem !== null) add('settings-refused', 'warn', configProblem);
  if (queued > QUEUE_LONG && silent <= OFFLINE_MS) add('queue-long', 'warn', queued);
  if (report.emergencyPinUsedAt) add('emergency-pin-used', 'bad', report.emergencyPinUsedAt);
  if (report.screenMayGoDark) add('screen-may-go-dark', 'warn', report.screenMayGoDark);
  if (newest !== null && isVersion(version) && compareVersions(version, newest) < 0) add('old-version', 'warn', newest);
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
