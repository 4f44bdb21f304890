import type { KioskCounts, KioskState } from '../../../../sync/protocol/api/rollouts.ts';
import { t } from '../../i18n.ts';

/** In the order of the way that a kiosk takes. */
export const KIOSK_STATES: readonly KioskState[] = [
  'healthy',
  'installing',
  'notified',
  'waiting',
  'not-heard',
  'refused',
  'overdue',
  'rolled-back',
];

/** How many kiosks are how far: a bar, and the same in words. */
export function ProgressBar({ counts }: { counts: KioskCounts }) {
  const there = KIOSK_STATES.filter((state) => counts[state] > 0);
  return (
    <div class="stack">
      <div class="rollout-bar" aria-hidden="true">
        {there.map((state) => (
          <span key={state} data-state={state} style={{ flexGrow: counts[state] }} />
        ))}
      </div>
      <ul class="stats" aria-label={t('rollouts.progress')}>
        {there.map((state) => (
          <li key={state} class="rollout-value">
            <span class="rollout-key" data-state={state} aria-hidden="true" />
            <strong class="tabular">{counts[state]}</strong> {t(`rollouts.kiosk.${state}`)}
          </li>
        ))}
        {there.length === 0 && <li class="muted">{t('rollouts.noKiosks')}</li>}
      </ul>
    </div>
  );
}
