import { exportDays, exportPayroll, PayrollLayout } from '../../../sync/protocol/api/exports.ts';
import { getDayReport } from '../../../sync/protocol/api/reports.ts';
import { Button } from '../../shared/button.tsx';
import { download } from '../../shared/web/api.ts';
import { SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { Panel } from '../../shared/web/pieces.tsx';
import { setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SiteField } from '../parts/filters.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { DataTable, useList } from '../parts/table.tsx';
import { addDays, dayKeyIn } from '../state/clock.ts';
import { zoneOf } from '../state/places.ts';
import { Exports } from './attendance.tsx';

export function Day({ query }: PageProps) {
  const site = query.get('site') ?? '';
  const today = dayKeyIn(Date.now(), zoneOf(site || null));
  const day = query.get('day') || today;
  const pages = useList(getDayReport, { query: { site, day } });
  const sums = pages.first?.sums;
  const move = (days: number) => setQuery({ day: addDays(day, days) });
  return (
    <PageFrame of="day">
      <FilterBar names={['site', 'day']}>
        <SiteField />
        <TextField label={t('day.day')} type="date" {...filterOf('day')} value={day} />
        <Button onClick={() => move(-1)}>{t('day.before')}</Button>
        <Button label={t('day.after')} onClick={() => day < today && move(1)} disabled={day >= today} />
      </FilterBar>
      <ExportDays site={site} day={day} />
      <DataTable
        id="day"
        exports={false}
        counted="people"
        caption={t('day.nav')}
        pages={pages}
        empty={{ title: t('day.empty') }}
        rowKey={(row) => row.person}
        columns={{
          name: {
            label: t('day.person'),
            heads: true,
            cell: (row) => <PersonLink id={row.person} name={row.name} />,
          },
          firstIn: {
            label: t('day.firstIn'),
            numeric: true,
            cell: (row) => <Moment at={row.firstIn} site={site || null} only="time" />,
          },
          lastOut: {
            label: t('day.lastOut'),
            numeric: true,
            cell: (row) => <Moment at={row.lastOut} site={site || null} only="time" />,
          },
          stays: { label: t('day.stays'), numeric: true, cell: (row) => row.stays.length },
          minutes: {
            label: t('day.time'),
            numeric: true,
            cell: (row) => hours(row.minutes),
            total: sums && hours(sums.minutes),
          },
          open: {
            label: t('day.open'),
            numeric: true,
            total: sums?.open,
            cell: (row) => (row.open > 0 ? <strong class="warned">{row.open}</strong> : '0'),
          },
        }}
      />
    </PageFrame>
  );
}

const hours = (minutes: number): string => t('day.hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });

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
