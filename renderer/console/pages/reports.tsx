import { useEffect, useState } from 'preact/hooks';
import { exportPayroll, exportReport, PayrollLayout } from '../../../sync/protocol/api/exports.ts';
import { MAX_PAGE } from '../../../sync/protocol/api/page.ts';
import {
  getReport,
  REPORTS,
  type Report,
  type ReportBy,
  type ReportColumn,
  ReportOnly,
  type ReportRow,
} from '../../../sync/protocol/api/reports.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, numberOf } from '../../shared/i18n.ts';
import { IconPrint } from '../../shared/icons.tsx';
import { download } from '../../shared/web/api.ts';
import { SelectField, useField } from '../../shared/web/form.tsx';
import { DialogButton, Panel } from '../../shared/web/pieces.tsx';
import { setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import type { Column } from '../parts/column.tsx';
import { Correct, type Task } from '../parts/correct.tsx';
import { FilterBar, SelectFilter, SiteField } from '../parts/filters.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonFilter } from '../parts/people-search.tsx';
import { PeriodFields, periodOf } from '../parts/period.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { type List, useList } from '../parts/table-sort.tsx';
import { longDay, momentIn } from '../state/clock.ts';
import { siteOf, zoneOf } from '../state/places.ts';
import { Exports } from './attendance.tsx';
import { EditSchedule } from './schedules.tsx';

const FILTERS = ['from', 'to', 'site', 'by', 'only', 'person'] as const;
const BY = Object.keys(REPORTS) as ReportBy[];
/** Reports with more rows can be exported but not printed. */
const MOST_PRINTED = 5000;

export function Reports({ query, role }: PageProps) {
  const given = (name: (typeof FILTERS)[number]) => query.get(name) || undefined;
  const site = given('site');
  const zone = zoneOf(site);
  const { from, to } = periodOf(query, zone, 'month');
  const by = BY.find((one) => one === given('by')) ?? 'person';
  const only = ReportOnly.options.find((one) => one === given('only'));
  const person = given('person');
  const asked = { by, from, to, site, person, only };
  const pages = useList(getReport, { query: { ...asked, limit: MAX_PAGE } });
  const report = pages.first;
  // Whether the site has no start of work set.
  const unset = report !== null && !report.columns.includes('late');
  const printing = usePrint(pages);
  const [task, setTask] = useState<Task | null>(null);
  const add = role === 'dpo' ? undefined : setTask;
  return (
    <PageFrame
      of="reports"
      actions={
        <>
          <Exports
            file={(format) => download(exportReport, { query: { ...asked, format, language: currentLanguage() } })}
          />
          <Button
            icon={<IconPrint />}
            label={t(printing.busy ? 'table.loading' : 'print')}
            disabled={printing.busy || pages.items.length === 0 || (report?.total ?? 0) > MOST_PRINTED}
            onClick={printing.begin}
          />
          <DialogButton label={t('schedules.add')} kind="primary">
            <EditSchedule role={role} by={by} only={only} site={site} />
          </DialogButton>
        </>
      }
    >
      <FilterBar names={FILTERS}>
        <PeriodFields from={from} to={to} zone={zone} />
        <SiteField />
        <SelectField
          label={t('reports.by')}
          value={by}
          onValue={(value) => setQuery({ by: value, sort: null, row: null })}
          options={BY.map((one) => [one, t(`reports.byOf.${one}`)])}
        />
        <SelectFilter
          name="only"
          label={t('attendance.show')}
          options={ReportOnly.options.map((one) => [one, t(`reports.onlyOf.${one}`)])}
        />
        <PersonFilter then={{ by: 'person-day', sort: null }} />
      </FilterBar>
      <p class="print-only">
        <strong dir="auto">{report?.site.name ?? siteOf(site ?? null)?.name}</strong>
        {` · ${longDay(from)} – ${longDay(to)} · ${t(`reports.byOf.${by}`)}`}
        {only && ` · ${t(`reports.onlyOf.${only}`)}`}
        {` · ${t('reports.printed', { at: momentIn(Date.now(), zone) })}`}
      </p>
      {report?.sums && pages.items.length > 0 && <Summary report={report} sums={report.sums} />}
      {(report?.total ?? 0) > MOST_PRINTED && <p class="muted small no-print">{t('reports.tooLong')}</p>}
      <DataTable
        id="reports"
        search={null}
        exports={false}
        counted={by === 'person' ? 'people' : 'entries'}
        caption={t('reports.nav')}
        pages={pages}
        empty={
          only === 'late' && unset
            ? { title: t('reports.noStart') }
            : only
              ? { title: t('audit.none') }
              : { title: t('reports.empty'), text: t('attendance.emptyText') }
        }
        rowKey={(row) => [row.person, row.day, row.site?.id].join()}
        columns={columnsOf(by, report, site ?? null, add)}
      />
      {task && <Correct task={task} onClose={() => setTask(null)} onDone={pages.reload} />}
      {unset && only !== 'late' && <p class="muted small no-print">{t('reports.noStart')}</p>}
      <Payroll period={{ site, from, to }} />
    </PageFrame>
  );
}

const hours = (minutes: number): string =>
  t('reports.hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
const warned = (n: number) => (n > 0 ? <strong class="warned">{numberOf(n)}</strong> : '0');

/**
 * The report's columns as the server defines them, each with its cell and sum.
 *
 * @param add adds a missing check-out; absent: the role may not
 */
function columnsOf(
  by: ReportBy,
  report: Report | null,
  site: string | null,
  add?: (task: Task) => void,
): Record<string, Column<ReportRow>> {
  const sums = report?.sums;
  const numeric = true;
  const all: Record<ReportColumn, Column<ReportRow>> = {
    day: {
      label: t('reports.day'),
      ...(by === 'day' ? { heads: true } : { names: true }),
      cell: (row) => row.day && <time dateTime={row.day}>{longDay(row.day)}</time>,
    },
    site: { label: t('attendance.site'), heads: true, cell: (row) => <bdi>{row.site?.name}</bdi> },
    name: {
      label: t('reports.person'),
      heads: true,
      sort: (row) => row.name,
      cell: (row) => row.person && <PersonLink id={row.person} name={row.name} />,
    },
    number: { label: t('people.number'), cell: (row) => <bdi>{row.number}</bdi> },
    people: { label: t('reports.people'), numeric, cell: (row) => numberOf(row.people) },
    days: {
      label: t('reports.days'),
      numeric,
      total: sums && numberOf(sums.days),
      cell: (row) => numberOf(row.days),
      below: (row) =>
        row.person && (
          <RowButton
            class="no-print"
            size="small"
            label={t('reports.showDays')}
            onClick={() => setQuery({ by: 'person-day', person: row.person, sort: null, row: null })}
          />
        ),
    },
    firstIn: {
      label: t('reports.firstIn'),
      numeric,
      cell: (row) => <Moment at={row.firstIn} site={site} only="time" />,
    },
    lastOut: {
      label: t('reports.lastOut'),
      numeric,
      cell: (row) => <Moment at={row.lastOut} site={site} only="time" />,
    },
    late: {
      label: t('reports.late'),
      numeric,
      total: sums && numberOf(sums.late),
      cell: (row) =>
        by !== 'person-day' ? (
          warned(row.late)
        ) : row.lateMinutes === null ? (
          '–'
        ) : (
          <strong class="warned">{t('reports.minutes', { number: row.lateMinutes })}</strong>
        ),
    },
    stays: {
      label: t('reports.stays'),
      numeric,
      cell: (row) => numberOf(row.stays),
      total: sums && numberOf(sums.stays),
    },
    minutes: {
      label: t('reports.time'),
      numeric,
      cell: (row) => hours(row.minutes),
      total: sums && hours(sums.minutes),
    },
    missing: {
      label: t('reports.missing'),
      numeric,
      cell: (row) => warned(row.missing),
      below: ({ missing, person, name, day }) =>
        add &&
        missing > 0 &&
        person &&
        day && (
          <RowButton
            class="no-print"
            size="small"
            label={t('reports.addOut')}
            onClick={() => add({ kind: 'add', person: { id: person, name }, missing: { site, day } })}
          />
        ),
      total: sums && numberOf(sums.missing),
    },
  };
  return Object.fromEntries((report?.columns ?? REPORTS[by]).map((name) => [name, all[name]]));
}

/** The numbers that people open the page for. */
function Summary({ report: { columns }, sums }: { report: Report; sums: NonNullable<Report['sums']> }) {
  const stat = (label: string, value: string) => (
    <div class="card stat">
      <p class="stat-label">{label}</p>
      <p class="stat-value tabular">{value}</p>
    </div>
  );
  return (
    <section class="roll report-sums" aria-label={t('table.total')}>
      {stat(t('reports.people'), numberOf(sums.people))}
      {columns.includes('minutes') && stat(t('reports.time'), hours(sums.minutes))}
      {columns.includes('late') && stat(t('reports.late'), numberOf(sums.late))}
      {columns.includes('missing') && stat(t('reports.missing'), numberOf(sums.missing))}
    </section>
  );
}

/** Prints once all rows are loaded. */
function usePrint(pages: List<unknown>): { busy: boolean; begin: () => void } {
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (!wanted || pages.state !== 'ready') return;
    if (pages.more && !pages.error) return pages.more();
    setWanted(false);
    if (!pages.error) print();
  }, [wanted, pages.state, pages.items.length]);
  return { busy: wanted, begin: () => setWanted(true) };
}

function Payroll({ period }: { period: { site: string | undefined; from: string; to: string } }) {
  const layout = useField<PayrollLayout>('timesheet');
  return (
    <Panel class="card panel no-print" title={t('reports.payroll')}>
      <p class="muted">{t('reports.payrollText')}</p>
      <div class="filters">
        <SelectField
          label={t('reports.layout')}
          {...layout}
          options={PayrollLayout.options.map((name) => [name, t(`reports.layouts.${name}`)])}
        />
        <Exports file={(format) => download(exportPayroll, { query: { ...period, layout: layout.value, format } })} />
      </div>
    </Panel>
  );
}
