import { now } from '../../../shared/web/now.ts';
import { t } from '../../i18n.ts';

interface Clock {
  readonly dueAt: string;
  readonly state: 'running' | 'overdue' | 'in-time' | 'late' | 'not-needed';
}

/** Hours and minutes until the authority must know, or since. */
const left = (ms: number): string => {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
};

/** The 72 hours of Art. 33 GDPR, running. */
export function ClockBadge({ clock }: { clock: Clock }) {
  const ms = Date.parse(clock.dueAt) - now.value;
  const runs = clock.state === 'running' || clock.state === 'overdue';
  const state = runs ? (ms < 0 ? 'overdue' : 'running') : clock.state;
  return (
    <span
      class="badge tabular"
      data-kind={state === 'overdue' || state === 'late' ? 'bad' : state === 'running' ? 'warn' : 'good'}
    >
      {t(`incidents.clockIs.${state}`, { left: left(ms) })}
    </span>
  );
}

/** How much of the time is gone, large. */
export function ClockPanel({ clock, foundAt }: { clock: Clock; foundAt: string }) {
  const total = Date.parse(clock.dueAt) - Date.parse(foundAt);
  const gone = Math.min(total, Math.max(0, now.value - Date.parse(foundAt)));
  const runs = clock.state === 'running' || clock.state === 'overdue';
  return (
    <div class="clock-panel">
      <ClockBadge clock={clock} />
      {runs && <progress class="bar" max={total} value={gone} aria-label={t('incidents.clock')} />}
    </div>
  );
}
