import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { type Arrivals, getArrivals, getKioskStats, type KioskStats } from '../../../sync/protocol/api/stats.ts';
import { currentLanguage } from '../../shared/i18n.ts';
import { IconChart } from '../../shared/icons.tsx';
import { ErrorNote, TextField } from '../../shared/web/form.tsx';
import { Empty, Panel } from '../../shared/web/pieces.tsx';
import { useRead } from '../../shared/web/resource.tsx';
import { hasSentence, keyOr, t } from '../i18n.ts';
import { Chart } from '../parts/chart.tsx';
import { FilterBar, filterOf, SiteField } from '../parts/filters.tsx';
import { codeLabel } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { Skeleton } from '../parts/table.tsx';
import { addDays, dayKeyIn, momentIn } from '../state/clock.ts';
import { zoneOf } from '../state/places.ts';

const HOUR_MS = 3_600_000;
/** Lines of the queue's chart, in turn. */
const LINES = ['--color-accent', '--color-good', '--color-warn', '--color-bad'];

export function Statistics({ query }: PageProps) {
  const site = query.get('site') ?? '';
  const today = dayKeyIn(Date.now(), zoneOf(site || null));
  const from = query.get('from') || addDays(today, -6);
  const to = query.get('to') || today;
  const asked = { site, from, to };
  const arrivals = useRead(getArrivals, { query: asked });
  const kiosks = useRead(getKioskStats, { query: asked });
  return (
    <PageFrame of="statistics">
      <FilterBar names={['site', 'from', 'to']}>
        <SiteField />
        <TextField label={t('attendance.from')} type="date" {...filterOf('from')} value={from} />
        <TextField label={t('attendance.to')} type="date" {...filterOf('to')} value={to} />
      </FilterBar>
      <ErrorNote error={arrivals.error ?? kiosks.error} onRetry={arrivals.reload} />
      {arrivals.value ? <Came arrivals={arrivals.value} /> : arrivals.loading && <Skeleton rows={5} />}
      {kiosks.value && <Kiosks stats={kiosks.value} zone={zoneOf(site || null)} />}
    </PageFrame>
  );
}

interface NumbersProps {
  title: string;
  text?: string;
  empty: boolean;
  children: ComponentChildren;
}

function Numbers({ title, text, empty, children }: NumbersProps) {
  return (
    <Panel title={title}>
      {text && <p class="muted small">{text}</p>}
      {empty ? <Empty title={t('statistics.empty')} icon={<IconChart />} /> : children}
    </Panel>
  );
}

/** Hours between the first and the last that had something: the empty ones are zero, not left out. */
function Came({ arrivals: { hours, methods, site } }: { arrivals: Arrivals }) {
  const { x, came, went } = useMemo(() => {
    const at = hours.map((h) => Date.parse(h.at));
    const by = new Map(hours.map((h, i) => [at[i]!, h]));
    const steps = at.length > 0 ? (at.at(-1)! - at[0]!) / HOUR_MS + 1 : 0;
    const axis = Array.from({ length: steps }, (_, i) => at[0]! + i * HOUR_MS);
    return { x: axis, came: axis.map((h) => by.get(h)?.in ?? 0), went: axis.map((h) => by.get(h)?.out ?? 0) };
  }, [hours]);
  const chart = (title: 'arrivals' | 'went', label: 'came' | 'went', color: string, values: number[]) => (
    <Numbers title={t(`statistics.${title}`)} empty={x.length === 0}>
      <Chart
        title={t(`statistics.${title}`)}
        x={x}
        zone={site.timeZone}
        xLabel={t('statistics.hour')}
        bars={HOUR_MS}
        format={(ms) => momentIn(ms, site.timeZone)}
        series={[{ label: t(`statistics.${label}`), color, values }]}
      />
    </Numbers>
  );
  return (
    <>
      {chart('arrivals', 'came', '--color-accent', came)}
      <div class="halves">
        {chart('went', 'went', '--color-good', went)}
        <Numbers title={t('statistics.methods')} empty={Object.keys(methods).length === 0}>
          <Bars rows={Object.entries(methods).map(([m, count]) => ({ label: codeLabel('method', m), count }))} />
        </Numbers>
      </div>
    </>
  );
}

function Kiosks({ stats: { scores, failures, queue, kiosks }, zone }: { stats: KioskStats; zone: string }) {
  const language = currentLanguage();
  const bins = useMemo(() => {
    const by = new Map(scores.map((s) => [Math.round(s.from * 100), s.count]));
    const low = Math.min(...by.keys(), 95);
    const axis = Array.from({ length: (100 - low) / 5 }, (_, i) => low + i * 5);
    return { x: axis, counts: axis.map((bin) => by.get(bin) ?? 0) };
  }, [scores]);
  const depth = useMemo(() => {
    const x = [...new Set(queue.map((q) => Date.parse(q.at)))];
    const series = kiosks.map((k, i) => {
      const of = new Map(queue.filter((q) => q.kiosk === k.id).map((q) => [Date.parse(q.at), q.depth]));
      return { label: k.name, color: LINES[i % LINES.length]!, values: x.map((at) => of.get(at) ?? null) };
    });
    return { x, series };
  }, [queue, kiosks]);
  return (
    <div class="halves">
      <Numbers title={t('statistics.scores')} text={t('statistics.scoresText')} empty={scores.length === 0}>
        <Chart
          title={t('statistics.scores')}
          x={bins.x}
          xLabel={t('statistics.score')}
          bars={5}
          format={(bin) => (bin / 100).toLocaleString(language, { minimumFractionDigits: 2 })}
          series={[{ label: t('statistics.faces'), color: '--color-accent', values: bins.counts }]}
        />
      </Numbers>
      <Numbers title={t('statistics.failures')} empty={failures.length === 0}>
        <Bars rows={failures.map((f) => ({ label: reasonOf(f.reason), count: f.count }))} />
      </Numbers>
      <Numbers title={t('statistics.queue')} empty={depth.x.length === 0}>
        <Chart
          title={t('statistics.queue')}
          x={depth.x}
          zone={zone}
          xLabel={t('statistics.hour')}
          format={(ms) => momentIn(ms, zone)}
          series={depth.series}
        />
      </Numbers>
    </div>
  );
}

/** A code of a kiosk as words; one without words is shown as it is. */
function reasonOf(reason: string): string {
  const whole = `statistics.failure.${reason}`;
  if (hasSentence(whole)) return t(whole);
  const [kind, code = ''] = reason.split(/\.(.*)/s);
  const known = `statistics.code.${code}`;
  const what = hasSentence(known) ? t(known) : code.replaceAll('-', ' ');
  return t(keyOr(`statistics.failure.${kind}`, 'statistics.failure.refused'), { what });
}

/** Numbers by name, each with a bar as long as it is large. */
const Bars = ({ rows }: { rows: readonly { label: string; count: number }[] }) => {
  const most = Math.max(1, ...rows.map((r) => r.count));
  return (
    <ul class="bars">
      {rows.map((row) => (
        <li key={row.label}>
          <bdi>{row.label}</bdi>
          <span class="bars-track" aria-hidden="true">
            <span class="bars-bar" style={{ width: `${(row.count / most) * 100}%` }} />
          </span>
          <strong class="tabular">{row.count}</strong>
        </li>
      ))}
    </ul>
  );
};
