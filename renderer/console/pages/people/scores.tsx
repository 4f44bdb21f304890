import { useMemo } from 'preact/hooks';
import { getScores, type ScoreTrend } from '../../../../sync/protocol/api/people.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge, Panel } from '../../../shared/web/pieces.tsx';
import { useRead } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { Chart } from '../../parts/chart.tsx';
import { dateIn } from '../../state/clock.ts';

/** A line needs at least two points. */
const LEAST_WEEKS = 2;
const percent = (score: number): number => Math.round(score * 100);

/** How well a face has been recognised since its enrolment. Renders nothing if there is no data. */
export function ScoresPanel({ person }: { person: string }) {
  const { value, error } = useRead(getScores, { params: { person } });
  if (!error && !value?.trends.length) return null;
  return (
    <Panel title={t('people.scores.title')}>
      <ErrorNote error={error} />
      {value?.trends.map((trend) => (
        <Trend key={trend.model} trend={trend} several={value.trends.length > 1} />
      ))}
    </Panel>
  );
}

function Trend({
  trend: { model, count, baseline, recent, falls, weeks },
  several,
}: {
  trend: ScoreTrend;
  several: boolean;
}) {
  const { x, values } = useMemo(
    () => ({ x: weeks.map(({ week }) => Date.parse(week)), values: weeks.map(({ mean }) => percent(mean)) }),
    [weeks],
  );
  return (
    <>
      {several && (
        <p class="muted small">
          <bdi dir="ltr">{model}</bdi>
        </p>
      )}
      <p>
        {t('people.scores.text', { times: count, first: percent(baseline), last: percent(recent) })}{' '}
        {falls && <Badge kind="warn">{t('people.scores.falls')}</Badge>}
      </p>
      {weeks.length >= LEAST_WEEKS && (
        <Chart
          title={t('people.scores.title')}
          x={x}
          zone="UTC"
          xLabel={t('people.scores.week')}
          format={(ms) => dateIn(ms, 'UTC')}
          series={[{ label: t('people.scores.mean'), color: '--color-accent', values }]}
        />
      )}
    </>
  );
}
