import type { Alert, FleetKiosk } from '../../../../sync/protocol/api/fleet.ts';
import { currentLanguage, labelled } from '../../../shared/i18n.ts';
import { Badge } from '../../../shared/web/pieces.tsx';
import { t } from '../../i18n.ts';
import { Ago, codeLabel } from '../../parts/labels.tsx';

/** Kiosks report every 15 minutes. An older report doesn't tell the kiosk's current state, ms. */
const REPORT_OLD_MS = 20 * 60_000;

/** A kiosk's problems, worst first; or that it is healthy, and as of when. */
export function AlertBadges({ kiosk }: { kiosk: FleetKiosk }) {
  if (kiosk.leaving)
    return (
      <Badge kind="bad">
        {t(kiosk.status === 'revoked' ? `fleet.left.${kiosk.leaving}` : `fleet.leaves.${kiosk.leaving}`)}
      </Badge>
    );
  if (kiosk.status === 'revoked') return <Badge>{t('devices.status.revoked')}</Badge>;
  if (kiosk.alerts.length === 0) {
    const current = kiosk.reportAt !== null && Date.now() - Date.parse(kiosk.reportAt) < REPORT_OLD_MS;
    return (
      <span class="fleet-badges">
        <Badge kind={current ? 'good' : undefined}>{t(current ? 'fleet.isWell' : 'fleet.wasWell')}</Badge>
        <span class="muted small">
          <Ago at={kiosk.reportAt} />
        </span>
      </span>
    );
  }
  return (
    <span class="fleet-badges">
      {kiosk.alerts.map((alert) => (
        <Badge key={alert.code} kind={alert.severity}>
          {alertText(alert)}
        </Badge>
      ))}
    </span>
  );
}

/** The same for roles that don't manage kiosks: plain text with what to do, without numbers. */
export function PlainHealth({ kiosk }: { kiosk: FleetKiosk }) {
  if (kiosk.status === 'pending') return <Badge>{t('devices.status.pending')}</Badge>;
  if (kiosk.leaving || kiosk.alerts.length === 0) return <AlertBadges kiosk={kiosk} />;
  return (
    <>
      {kiosk.alerts.map(({ code, severity }) => (
        <p key={code}>
          <Badge kind={severity}>{t(`fleet.alert.${code}`)}</Badge> <span class="small">{t(`fleet.next.${code}`)}</span>
        </p>
      ))}
    </>
  );
}

/** Returns the problem, with its measured value if that helps. */
export function alertText({ code, detail }: Alert): string {
  const label = t(`fleet.alert.${code}`);
  const shown = detail === null ? undefined : DETAILS[code]?.(detail);
  return shown === undefined ? label : labelled(label, shown);
}

const DETAILS: Readonly<Partial<Record<Alert['code'], (detail: string | number) => string>>> = {
  'disk-full': (free) => bytes(Number(free)),
  'disk-low': (free) => bytes(Number(free)),
  'camera-bad': (camera) => cameraLabel(String(camera)),
  'camera-doubtful': (doubt) => codeLabel('fleet.cameraDoubts', String(doubt)),
  'clock-off': (seconds) => `${Number(seconds) > 0 ? '+' : '−'}${Math.abs(Number(seconds))} s`,
  hot: (degrees) => `${degrees} °C`,
  'queue-long': String,
};

export function cameraLabel(camera: string | undefined): string {
  return camera === undefined ? '–' : codeLabel('fleet.cameras', camera);
}

/** Formats bytes, e.g. `21.4 GB`, with the numerals of the language. */
export function bytes(value: number | null): string {
  if (value === null) return '–';
  const [unit, size] = value >= 1e9 ? (['gigabyte', value / 1e9] as const) : (['megabyte', value / 1e6] as const);
  return inUnit(unit, size, size < 100 ? 1 : 0);
}

/** Formats how long something has been running or wrong: `15 min`, `3 hr`, `12 days`. */
export function uptime(seconds: number): string {
  if (seconds < 2 * 3600) return inUnit('minute', seconds / 60);
  return seconds < 2 * 86_400 ? inUnit('hour', seconds / 3600) : inUnit('day', seconds / 86_400);
}

const inUnit = (unit: string, value: number, maximumFractionDigits = 0): string =>
  new Intl.NumberFormat(`${currentLanguage()}-u-nu-latn`, { style: 'unit', unit, maximumFractionDigits }).format(value);
