import type { z } from 'zod';
import { type JobRun, listJobRuns, listJobs } from '../../../sync/protocol/api/jobs.ts';
import { useNews, useRead } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { momentColumn } from '../parts/column.tsx';
import { FilterBar, filterOf, SelectFilter } from '../parts/filters.tsx';
import { Ago, codeLabel, Moment } from '../parts/labels.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Reading } from '../parts/reading.tsx';
import { isMoment, reportRows } from '../parts/report-rows.ts';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';

const every = (ms: number): string => {
  if (ms % 86_400_000 === 0) return t('jobs.days', { count: ms / 86_400_000 });
  if (ms % 3_600_000 === 0) return t('jobs.hours', { count: ms / 3_600_000 });
  if (ms % 60_000 === 0) return t('jobs.minutes', { count: ms / 60_000 });
  return t('jobs.seconds', { count: Math.round(ms / 1000) });
};

type Run = z.output<typeof JobRun>;

const nameOf = (job: string): string => codeLabel('jobs.name', job);
const outcomeOf = ({ outcome }: Pick<Run, 'outcome'>) => [outcome, t(`jobs.outcome.${outcome}`)] as const;
const reportOf = ({ code, report }: Run): string => code ?? (report ? JSON.stringify(report) : '–');

function Report({ run: { code, report } }: { run: Run }) {
  if (code !== null)
    return (
      <code class="small" dir="ltr">
        {code}
      </code>
    );
  const rows = reportRows(report ?? {});
  if (rows.length === 0) return <span class="muted small">{report ? t('jobs.nothing') : '–'}</span>;
  return (
    <dl class="report-facts small">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt class="muted">{name}</dt>
          <dd class="long-text">{isMoment(value) ? <Moment at={value} /> : <bdi>{value}</bdi>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The server's scheduled jobs, and their results. */
export function Jobs() {
  const states = useRead(listJobs, {}, 15_000);
  const runs = useList(listJobRuns, { query: { job: filterOf('job').value } }, 'runs');
  const jobs = states.value?.jobs ?? [];
  // A run has started or ended since.
  useNews(states.value && JSON.stringify(jobs.map(({ last }) => [last?.id, last?.outcome])), runs.reload);
  return (
    <PageFrame of="jobs">
      <Reading of={states} rows={8} />
      {states.value && (
        <div class="card table-card">
          <DataTable
            id="jobs"
            caption={t('jobs.nav')}
            rows={states.value.jobs}
            rowKey={(j) => j.job}
            tone={(j) => (j.last?.outcome === 'failed' ? 'bad' : undefined)}
            columns={{
              job: { label: t('jobs.job'), heads: true, sort: (j) => nameOf(j.job) },
              every: { label: t('jobs.every'), sort: (j) => j.everyMs, cell: (j) => every(j.everyMs) },
              last: {
                label: t('jobs.last'),
                choice: (j) => (j.last ? outcomeOf(j.last) : ['never', t('jobs.never')]),
                cell: (j) => (j.last ? t(`jobs.outcome.${j.last.outcome}`) : t('jobs.never')),
                below: (j) => j.idle && <span class="muted small">{t(`jobs.idle.${j.idle}`)}</span>,
              },
              lastOk: { label: t('jobs.lastOk'), sort: (j) => j.lastOkAt, cell: (j) => <Ago at={j.lastOkAt} /> },
            }}
          />
        </div>
      )}
      <section class="stack" aria-labelledby="job-runs">
        <h2 id="job-runs">{t('jobs.runs')}</h2>
        <DataTable
          id="runs"
          beside
          caption={t('jobs.runs')}
          pages={runs}
          filters={
            <FilterBar names={['job']}>
              <SelectFilter name="job" label={t('jobs.job')} options={jobs.map(({ job }) => [job, nameOf(job)])} />
            </FilterBar>
          }
          empty={{ title: t('jobs.noRuns') }}
          rowKey={(r) => String(r.id)}
          tone={(r) => (r.outcome === 'failed' ? 'bad' : undefined)}
          columns={{
            started: momentColumn(t('jobs.started'), 'startedAt'),
            job: { label: t('jobs.job'), heads: true, sort: (r) => nameOf(r.job) },
            outcome: { label: t('jobs.outcomeLabel'), choice: outcomeOf },
            report: { label: t('jobs.reportLabel'), sort: reportOf, cell: (r) => <Report run={r} /> },
          }}
        />
      </section>
    </PageFrame>
  );
}
