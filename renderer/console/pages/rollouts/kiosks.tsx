import * as rollouts from '../../../../sync/protocol/api/rollouts.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled, listed } from '../../../shared/i18n.ts';
import { Badge } from '../../../shared/web/pieces.tsx';
import { usePages } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { kioskColumn } from '../../parts/column.tsx';
import { filterOf, SelectFilter } from '../../parts/filters.tsx';
import { Ago, codeLabel, moment } from '../../parts/labels.tsx';
import { DataTable } from '../../parts/table.tsx';
import { ringName } from './rings.tsx';

const KIND: Readonly<Partial<Record<rollouts.RolloutKiosk['state'], string>>> = {
  healthy: 'good',
  'not-heard': 'warn',
  refused: 'warn',
  overdue: 'bad',
  'rolled-back': 'bad',
};

/** In the order of the bar: from healthy to not heard from, then the failures. */
const KIOSK_STATES: readonly rollouts.KioskState[] = [
  'healthy',
  'installing',
  'notified',
  'waiting',
  'not-heard',
  'refused',
  'overdue',
  'rolled-back',
];

/** How many kiosks are in each state, as a bar and as text. */
export function ProgressBar({ counts }: { counts: rollouts.KioskCounts }) {
  const there = KIOSK_STATES.filter((state) => counts[state] > 0);
  return (
    <div class="stack">
      <div class="rollout-bar" aria-hidden="true">
        {there.map((state) => (
          <span key={state} data-state={state} style={{ flexGrow: counts[state] }} />
        ))}
      </div>
      <ul class="counts" aria-label={t('rollouts.progress')}>
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

export function Kiosks({ rollout, rings }: { rollout: string; rings: readonly rollouts.Ring[] }) {
  const state = filterOf('state').value;
  const pages = usePages(rollouts.listRolloutKiosks, { params: { rollout }, query: { limit: 50, state } });
  return (
    <>
      <div class="filters">
        <SelectFilter
          name="state"
          label={t('rollouts.stateLabel')}
          options={KIOSK_STATES.map((one) => [one, t(`rollouts.kiosk.${one}`)])}
        />
        <Button onClick={pages.reload}>{t('rollouts.reload')}</Button>
      </div>
      <DataTable
        counted="kiosks"
        id="rollout-kiosks"
        beside
        caption={t('rollouts.kiosks')}
        pages={pages}
        rowKey={(k) => k.device}
        empty={{ title: t('rollouts.noKiosks') }}
        columns={{
          name: kioskColumn(t('devices.name'), 'device'),
          ring: { label: t('rollouts.ringLabel'), choice: (k) => [k.ring, ringName(rings, k.ring)] },
          state: {
            label: t('rollouts.stateLabel'),
            sort: (k) => KIOSK_STATES.indexOf(k.state),
            cell: (k) => <StateOf kiosk={k} />,
          },
          since: { label: t('rollouts.since'), numeric: true, sort: (k) => k.at, cell: (k) => <Ago at={k.at} /> },
          heard: {
            label: t('devices.heard'),
            numeric: true,
            sort: (k) => k.lastHeardAt,
            cell: (k) => <Ago at={k.lastHeardAt} />,
          },
        }}
      />
    </>
  );
}

/** A kiosk's progress, and why it went no further. */
function StateOf({ kiosk: { state, reason, from, heldSince } }: { kiosk: rollouts.RolloutKiosk }) {
  return (
    <div>
      <Badge kind={KIND[state]}>{t(`rollouts.kiosk.${state}`)}</Badge>
      {reason !== null && <p class="small">{reasonText(reason)}</p>}
      {heldSince !== null && <p class="small">{t('rollouts.held', { time: moment(heldSince) })}</p>}
      {from !== null && <p class="small muted">{t('rollouts.from', { version: from })}</p>}
    </div>
  );
}

/** Formats why a kiosk rolled back, from a reason such as `trial-deadline: camera, match`. */
function reasonText(reason: string): string {
  const [code = '', missing] = reason.split(': ');
  const shown = missing?.split(', ').map((check) => codeLabel('rollouts.check', check));
  const why = codeLabel('rollouts.reason', code);
  return shown ? labelled(why, listed(shown)) : why;
}
