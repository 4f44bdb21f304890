import { getRolloutHistory, type Ring, RingId, type RolloutAction } from '../../../../sync/protocol/api/rollouts.ts';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { useResource } from '../../../shared/web/resource.ts';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/moment.tsx';
import { ringName } from './labels.ts';

/** What was done with a rollout, newest first. */
export function History({ rollout, rings }: { rollout: string; rings: readonly Ring[] }) {
  const found = useResource(`history ${rollout}`, (signal) => api(getRolloutHistory, { params: { rollout }, signal }));
  return (
    <>
      <ErrorNote error={found.error} onRetry={found.reload} />
      <ol class="timeline">
        {found.value?.items.map((one, i) => (
          <li key={`${one.at} ${i}`}>
            <Moment at={one.at} />
            <p>
              {t(`rollouts.was.${one.what}`)}
              {detailOf(one, rings)}
              <span class="muted"> · {one.email ?? t(`rollouts.by.${byOf(one.by)}`)}</span>
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}

const byOf = (by: string) => (by === 'operator' || by === 'server' ? by : 'account');

function detailOf({ what, detail }: RolloutAction, rings: readonly Ring[]): string {
  const ring = RingId.safeParse(detail.ring).data;
  const { percent, failed, got } = detail;
  if ((what === 'started' || what === 'advanced') && ring)
    return `: ${t(ring === 'all' ? 'rollouts.stepAll' : 'rollouts.stepRing', { percent, ring: ringName(rings, ring) })}`;
  return what === 'stopped' ? `: ${t('rollouts.stopped', { failed, got })}` : '';
}
