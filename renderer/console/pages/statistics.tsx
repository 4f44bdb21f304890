import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { type Arrivals, getArrivals, getKioskStats, type KioskStats } from '../../../sync/protocol/api/stats.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, numberOf, TWO_DIGITS } from '../../shared/i18n.ts';
import { IconChart, IconPrint } from '../../shared/icons.tsx';
import { ErrorNote } from '../../shared/web/form.tsx';
import { Empty, Panel } from '../../shared/web/pieces.tsx';
import { useRead } from '../../shared/web/resource.tsx';
import { hasSentence, keyOr, t } from '../i18n.ts';
import { Chart } from '../parts/chart.tsx';
import { kioskColumn } from '../parts/column.tsx';
import { FilterBar, SiteField } from '../parts/filters.tsx';
import { codeLabel } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PeriodFields, periodOf } from '../parts/period.tsx';
import { queueLines } from '../parts/queue-lines.ts';
import { Skeleton } from '../parts/reading.tsx';
import { DataTable } from '../parts/table.tsx';
import { longDay, momentIn, timeIn } from '../state/clock.ts';
import { siteOf, zoneOf } from '../state/places.ts';

export function Statistics({ query }: PageProps) {
  const site = query.get('site') ?? '';
  const { from, to } = periodOf(query, zoneOf(site || null), 'sevenDays');
  const asked = { site, from, to };
  const arrivals = useRead(getArrivals, { query: asked });
  const kiosks = useRead(getKioskStats, { query: asked });
  const both = () => {
    arrivals.reload();
    kiosks.reload();
  };
  return (
    <PageFrame of="statistics" actions={<Button icon={<IconPrint />} label={t('print')} onClick={() => print()} />}>
      <FilterBar names={['site', 'from', 'to']}>
        <PeriodFields from={from} to={to} zone={zoneOf(site || null)} />
        <SiteField />
      </FilterBar>
      <p class="print-only">
        <strong dir="auto">{siteOf(site || null)?.name}</strong>
        {` · ${longDay(from)} – ${longDay(to)}`}
      </p>
      <ErrorNote error={arrivals.error ?? kiosks.error} onRetry={both} />
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

/** Hours of the day by the site's clock: a period of many days is summed up into one day. */
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const hourLabel = (hour: number): string => (HOURS.includes(hour) ? `${String(hour).padStart(2, '0')}:00` : '');

function Came({ arrivals: { hours, inside, methods, site } }: { arrivals: Arrivals }) {
  const { came, went, present } = useMemo(() => {
    const of = (what: 'in' | 'out') => {
      const sums = HOURS.map(() => 0);
      for (const hour of hours) sums[Number(timeIn(hour.at, site.timeZone, 'en').slice(0, 2))]! += hour[what];
      return sums;
    };
    return { came: of('in'), went: of('out'), present: inside.map(({ people }) => Math.round(people * 10) / 10) };
  }, [hours, inside, site.timeZone]);
  const chart = (
    title: 'inside' | 'arrivals' | 'departures',
    label: 'people' | 'came' | 'went',
    color: string,
    values: number[],
  ) => (
    <Numbers
      title={t(`statistics.${title}`)}
      text={title === 'inside' ? t('statistics.insideText') : undefined}
      empty={values.every((n) => n === 0)}
    >
      <Chart
        title={t(`statistics.${title}`)}
        x={HOURS}
        xLabel={t('statistics.hour')}
        bars={1}
        format={hourLabel}
        series={[{ label: t(`statistics.${label}`), color, values }]}
      />
    </Numbers>
  );
  return (
    <>
      {chart('inside', 'people', '--color-accent', present)}
      <div class="halves">
        {chart('arrivals', 'came', '--color-accent', came)}
        {chart('departures', 'went', '--color-good', went)}
        <Numbers title={t('statistics.methods')} empty={Object.keys(methods).length === 0}>
          <Bars rows={Object.entries(methods).map(([m, count]) => ({ label: codeLabel('method', m), count }))} />
        </Numbers>
      </div>
    </>
  );
}

type OfKiosk = KioskStats['kiosks'][number];

/** How well each kiosk recognises, and how long people wait in front of it. */
function ByKiosk({ kiosks }: { kiosks: readonly OfKiosk[] }) {
  const attempts = (k: OfKiosk) => k.faces + k.failures;
  const share = (n: number, of: number) =>
    of === 0 ? '–' : numberOf(n / of, { style: 'percent', maximumFractionDigits: 0 });
  return (
    <Numbers title={t('statistics.byKiosk')} text={t('statistics.byKioskText')} empty={kiosks.length === 0}>
      <DataTable
        id="by-kiosk"
        caption={t('statistics.byKiosk')}
        rows={kiosks}
        rowKey={(k) => k.id}
        columns={{
          kiosk: kioskColumn(t('attendance.kiosk'), 'id'),
          faces: { label: t('statistics.faces'), numeric: true, sort: (k) => k.faces },
          failures: {
            label: t('statistics.failed'),
            numeric: true,
            sort: (k) => k.failures,
            cell: (k) => `${numberOf(k.failures)} (${share(k.failures, attempts(k))})`,
          },
          score: {
            label: t('statistics.meanScore'),
            numeric: true,
            sort: (k) => k.score,
            cell: (k) => (k.score === null ? '–' : numberOf(k.score, TWO_DIGITS)),
          },
          wait: {
            label: t('statistics.wait'),
            numeric: true,
            sort: (k) => k.waitSeconds,
            cell: (k) => (k.waitSeconds === null ? '–' : t('statistics.upTo', { number: k.waitSeconds })),
          },
        }}
      />
    </Numbers>
  );
}

function Kiosks({ stats: { scores, waits, failures, queue, kiosks }, zone }: { stats: KioskStats; zone: string }) {
  const bins = useMemo(() => {
    const by = new Map(scores.map((s) => [Math.round(s.from * 100), s.count]));
    const low = Math.min(...by.keys(), 95);
    const axis = Array.from({ length: (100 - low) / 5 }, (_, i) => low + i * 5);
    return { x: axis, counts: axis.map((bin) => by.get(bin) ?? 0) };
  }, [scores]);
  const depth = useMemo(
    () => queueLines({ queue, kiosks }, (count) => t('statistics.others', { count })),
    [queue, kiosks, currentLanguage()],
  );
  return (
    <>
      <ByKiosk kiosks={kiosks} />
      <div class="halves">
        <Numbers title={t('statistics.waits')} text={t('statistics.waitsText')} empty={waits.length === 0}>
          <Bars rows={waits.map((w) => ({ label: t('statistics.upTo', { number: w.seconds }), count: w.count }))} />
        </Numbers>
        <Numbers title={t('statistics.scores')} text={t('statistics.scoresText')} empty={scores.length === 0}>
          <Chart
            title={t('statistics.scores')}
            x={bins.x}
            xLabel={t('statistics.score')}
            bars={5}
            format={(bin) => numberOf(bin / 100, TWO_DIGITS)}
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
    </>
  );
}

/** Returns a kiosk's code as text, or unchanged if there is no text for it. */
function reasonOf(reason: string): string {
  const whole = `statistics.failure.${reason}`;
  if (hasSentence(whole)) return t(whole);
  const [kind, code = ''] = reason.split(/\.(.*)/s);
  const known = `statistics.code.${code}`;
  const what = hasSentence(known) ? t(known) : code.replaceAll('-', ' ');
  return t(keyOr(`statistics.failure.${kind}`, 'statistics.failure.refused'), { what });
}

/** Numbers with labels, each with a bar of proportional length. */
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
          <strong class="tabular">{numberOf(row.count)}</strong>
        </li>
      ))}
    </ul>
  );
};
