import {
  listBuilds,
  listRings,
  listRollouts,
  type Repository as RepositoryShape,
} from '../../../sync/protocol/api/rollouts.ts';
import { currentLanguage } from '../../shared/i18n.ts';
import { IconRollout } from '../../shared/icons.tsx';
import { DialogButton, Empty, Note } from '../../shared/web/pieces.tsx';
import { useNews, usePages, useRead } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { momentColumn } from '../parts/column.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { Reading } from '../parts/reading.tsx';
import { DataTable } from '../parts/table.tsx';
import { InForce } from './rollouts/in-force.tsx';
import { Rings } from './rollouts/rings.tsx';
import { StartRollout } from './rollouts/start.tsx';
import { Windows } from './rollouts/windows.tsx';

/** Polling interval, ms. During a step, kiosks report within seconds of each other. */
const EVERY_MS = 10_000;

/** The rollout of a build to kiosks: progress, obstacles, who gets it first, and when kiosks may restart. */
export function Rollouts({ role }: PageProps) {
  const found = useRead(listRollouts, { query: { limit: 1 } }, EVERY_MS);
  const repository = useRead(listBuilds);
  const rings = useRead(listRings);
  const admin = role === 'admin';
  // The current rollout is the latest.
  const inForce = found.value?.items.find((r) => r.endedAt === null) ?? null;
  const builds = repository.value?.builds ?? [];
  const mayStart = admin && inForce?.state !== 'running' && builds.length > 0;
  return (
    <PageFrame
      of="rollouts"
      actions={
        mayStart && (
          <DialogButton kind="primary" label={t('rollouts.start')}>
            <StartRollout builds={builds} inForce={inForce} onDone={found.reload} />
          </DialogButton>
        )
      }
    >
      <Reading of={[found, repository, rings]} rows={6} />
      {repository.value && <RepositoryNote repository={repository.value} />}
      {found.value && !inForce && (
        <div class="card">
          <Empty title={t('rollouts.none')} text={t('rollouts.noneText')} icon={<IconRollout />} />
        </div>
      )}
      {inForce && <InForce rollout={inForce} admin={admin} rings={rings.value?.items ?? []} onChange={found.reload} />}
      {rings.value && <Rings rings={rings.value.items} admin={admin} onChange={rings.reload} />}
      <Windows admin={admin} />
      <Past after={found.value && (inForce?.id ?? '')} />
    </PageFrame>
  );
}

/** Why nothing can be rolled out, if that is so. */
function RepositoryNote({ repository }: { repository: RepositoryShape }) {
  const { configured, problem, builds, expires } = repository;
  const over = expires !== null && Date.parse(expires) <= Date.now();
  const why = !configured ? 'off' : problem ? 'unreadable' : builds.length === 0 ? 'empty' : over ? 'over' : null;
  if (!why) return null;
  return (
    <Note role="status" kind={why === 'unreadable' || why === 'over' ? 'bad' : undefined}>
      {t(`rollouts.repository.${why}`)}
    </Note>
  );
}

/** Label of a kiosk state with a capital letter, since on a phone it precedes each number. */
function heading(state: 'healthy' | 'rolled-back'): string {
  const text = t(`rollouts.kiosk.${state}`);
  return text.charAt(0).toLocaleUpperCase(currentLanguage()) + text.slice(1);
}

/** Ended rollouts, read again when `after` changes. @param after id of the current one; null: not known yet */
function Past({ after }: { after: string | null }) {
  const pages = usePages(listRollouts);
  useNews(after, pages.reload);
  const ended = pages.items.filter((r) => r.endedAt !== null);
  if (ended.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="past-rollouts">
      <h2 id="past-rollouts">{t('rollouts.past')}</h2>
      <DataTable
        id="rollouts"
        caption={t('rollouts.past')}
        pages={{ ...pages, items: ended }}
        empty={{ title: t('rollouts.none') }}
        rowKey={(r) => r.id}
        columns={{
          version: { label: t('rollouts.version'), heads: true, sort: (r) => r.version },
          startedAt: momentColumn(t('rollouts.startedAt'), 'startedAt'),
          ended: momentColumn(t('rollouts.ended'), 'endedAt'),
          healthy: { label: heading('healthy'), numeric: true, sort: (r) => r.counts.healthy },
          back: { label: heading('rolled-back'), numeric: true, sort: (r) => r.counts['rolled-back'] },
        }}
      />
    </section>
  );
}
