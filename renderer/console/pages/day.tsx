import { exportDays, exportPayroll, PayrollLayout } from '../../../sync/protocol/api/exports.ts';
import { getDayReport } from '../../../sync/protocol/api/reports.ts';
import { Button } from '../../shared/button.tsx';
import { download } from '../../shared/web/api.ts';
import { SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { Panel } from '../../shared/web/pieces.tsx';
import { usePages } from '../../shared/web/resource.tsx';
import { setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SiteField } from '../parts/filters.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PagedTable } from '../parts/table.tsx';
import { addDays, dayKeyIn } from '../state/clock.ts';
import { zoneOf } from '../state/places.ts';
import { Exports } from './attendance.tsx';

export function Day({ query }: PageProps) {
  const site = query.get('site') ?? '';
  const today = dayKeyIn(Date.now(), zoneOf(site || null));
  const day = query.get('day') || today;
  const pages = usePages(getDayReport, { query: { site, day } });
  const move = (days: number) => setQuery({ day: addDays(day, days) });
  return (
    <PageFrame of="day">
      <FilterBar names={['site', 'day']}>
        <SiteField />
        <TextField label={t('day.day')} type="date" {...filterOf('day')} value={day} />
        <Button onClick={() => move(-1)}>{t('day.before')}</Button>
        <Button label={t('day.after')} onClick={() => day < today && move(1)} disabled={day >= today} />
      </FilterBar>
      <PagedTable
        counted="people"
        caption={t('day.nav')}
        pages={pages}
        empty={{ title: t('day.empty') }}
        rowKey={(row) => row.person}
        columns={[
          { label: t('day.person'), heads: true, cell: (row) => <bdi>{row.name ?? t('board.list.unknown')}</bdi> },
          {
            label: t('day.firstIn'),
            numeric: true,
            cell: (row) => <Moment at={row.firstIn} site={site || null} only="time" />,
          },
          {
            label: t('day.lastOut'),
            numeric: true,
            cell: (row) => <Moment at={row.lastOut} site={site || null} only="time" />,
          },
          { label: t('day.stays'), numeric: true, cell: (row) => row.stays.length },
          {
            label: t('day.time'),
            numeric: true,
            cell: (row) => t('day.hours', { hours: Math.floor(row.minutes / 60), minutes: row.minutes % 60 }),
          },
          {
            label: t('day.open'),
            numeric: true,
            cell: (row) => (row.open > 0 ? <strong class="warned">{row.open}</strong> : '0'),
          },
        ]}
      />
      <ExportDays site={site} day={day} />
    </PageFrame>
  );
}

function ExportDays({ site, day }: { site: string; day: string }) {
  const from = useField(`${day.slice(0, 8)}01`);
  const to = useField(day);
  const layout = useField('days');
  const period = { site: site || undefined, from: from.value, to: to.value };
  return (
    <Panel title={t('day.export')}>
      <p class="muted">{t('day.exportText')}</p>
      <div class="filters">
        <TextField label={t('attendance.from')} type="date" {...from} />
        <TextField label={t('attendance.to')} type="date" {...to} />
        <SelectField
          label={t('day.layout')}
          {...layout}
          options={(['days', ...PayrollLayout.options] as const).map((name) => [name, t(`day.layouts.${name}`)])}
        />
        {layout.value === 'days' ? (
          <Exports file={(format) => download(exportDays, { query: { ...period, format } })} />
        ) : (
          <Exports file={(format) => download(exportPayroll, { query: { ...period, layout: layout.value, format } })} />
        )}
      </div>
    </Panel>
  );
}
