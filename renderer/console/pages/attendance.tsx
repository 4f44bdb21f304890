import { useState } from 'preact/hooks';
import { type AttendanceRow, listAttendance, METHODS } from '../../../sync/protocol/api/attendance.ts';
import { makeCorrection } from '../../../sync/protocol/api/corrections.ts';
import { exportAttendance } from '../../../sync/protocol/api/exports.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, labelled, listed } from '../../shared/i18n.ts';
import { IconDownload } from '../../shared/icons.tsx';
import { type Answer, api, download } from '../../shared/web/api.ts';
import { AreaField, ErrorNote, TextField, useField } from '../../shared/web/form.tsx';
import { DialogButton } from '../../shared/web/pieces.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { keyOr, t } from '../i18n.ts';
import { Correct, type Task } from '../parts/correct.tsx';
import { FilterBar, filterOf, SelectFilter, SiteField } from '../parts/filters.tsx';
import { DirectionChip, directionOptions, Moment, staffByLabel } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonFilter } from '../parts/people-search.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { placeOf, RecordedAt } from '../parts/place-links.tsx';
import { BulkButton, RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { dayKeyIn, momentIn, periodOf } from '../state/clock.ts';
import { kiosks, zoneOf } from '../state/places.ts';

const FILTERS = [
  'site',
  'from',
  'to',
  'timeFrom',
  'timeTo',
  'person',
  'device',
  'direction',
  'method',
  'show',
] as const;

/** Converts the address's query for the API. Without a day: from today on. */
function asked(query: URLSearchParams) {
  const given: Partial<Record<(typeof FILTERS)[number], string>> = Object.fromEntries(query);
  const { site, from, to, timeFrom, timeTo, person, device, direction, method, show } = given;
  const zone = zoneOf(site || null);
  return {
    site,
    person,
    device,
    direction,
    method,
    ...periodOf(from || dayKeyIn(Date.now(), zone), to ?? '', zone),
    ...(timeFrom && { timeFrom }),
    ...(timeTo && { timeTo }),
    ...(show === 'counts' && { voided: false, duplicates: false }),
    ...(show === 'voided' && { voided: true }),
  };
}

export function Attendance({ query, role }: PageProps) {
  const filter = asked(query);
  const pages = useList(listAttendance, { query: filter });
  const [task, setTask] = useState<Task | null>(null);
  const may = role !== 'dpo';
  const zone = zoneOf(filter.site || null);
  const from = filterOf('from');
  return (
    <PageFrame
      of="attendance"
      actions={
        <>
          <Exports
            file={(format) => download(exportAttendance, { query: { ...filter, format, language: currentLanguage() } })}
          />
          {may && <Button label={t('attendance.add')} kind="primary" onClick={() => setTask({ kind: 'add' })} />}
        </>
      }
    >
      <FilterBar names={FILTERS}>
        <SiteField any />
        <TextField
          label={t('attendance.from')}
          type="date"
          {...from}
          value={from.value || dayKeyIn(Date.now(), zone)}
        />
        <TextField label={t('attendance.to')} type="date" {...filterOf('to')} />
        <TextField label={t('attendance.timeFrom')} type="time" {...filterOf('timeFrom')} />
        <TextField label={t('attendance.timeTo')} type="time" {...filterOf('timeTo')} />
        <PersonFilter />
        <SelectFilter name="device" label={t('attendance.kiosk')} options={kiosks.value.map((k) => [k.id, k.name])} />
        <SelectFilter name="direction" label={t('attendance.direction')} options={directionOptions()} />
        <SelectFilter
          name="method"
          label={t('attendance.method')}
          options={METHODS.map((m) => [m, t(`method.${m}`)])}
        />
        <SelectFilter
          name="show"
          label={t('attendance.show')}
          options={[
            ['counts', t('attendance.onlyCounting')],
            ['voided', t('attendance.onlyVoided')],
          ]}
        />
      </FilterBar>
      <DataTable
        id="attendance"
        search={null}
        exports={false}
        counted="records"
        caption={t('attendance.nav')}
        pages={pages}
        empty={{ title: t('attendance.empty'), text: t('attendance.emptyText') }}
        rowKey={(row) => row.id}
        bulk={may && ((rows) => <VoidAll rows={rows.filter(isOpen)} onDone={pages.reload} />)}
        tone={(row) => (row.voided !== null || row.duplicateOf !== null ? 'off' : undefined)}
        columns={{
          at: { label: t('attendance.at'), names: true, cell: (row) => <Moment at={row.at} site={row.site} /> },
          person: {
            label: t('attendance.person'),
            heads: true,
            sort: (row) => row.name,
            cell: (row) =>
              row.person === null ? t('board.list.unknown') : <PersonLink id={row.person} name={row.name} />,
          },
          direction: {
            label: t('attendance.direction'),
            names: true,
            sort: (row) => t(`direction.${row.direction}`),
            cell: (row) => <DirectionChip direction={row.direction} />,
          },
          method: {
            label: t('attendance.method'),
            sort: (row) => t(`method.${row.method}`),
            cell: (row) => (
              <>
                <span class="struck">{t(`method.${row.method}`)}</span>
                {row.by && (
                  <p class="muted small" dir="auto">
                    {t('attendance.byStaff', { name: staffByLabel(row.by) })}
                  </p>
                )}
              </>
            ),
          },
          kiosk: {
            label: t('attendance.kiosk'),
            sort: placeOf,
            cell: (row) => <RecordedAt row={row} />,
          },
          state: {
            label: t('attendance.state'),
            sort: (row) => listed([stateOf(row), row.reason ?? '']),
            cell: (row) => (
              <>
                <span class="unstruck">{stateOf(row)}</span>
                {row.reason && (
                  <p class="muted small" dir="auto">
                    {row.reason}
                  </p>
                )}
                {row.voidedBy && (
                  <p class="muted small" dir="auto">
                    {t('attendance.voidedByStaff', { name: staffByLabel(row.voidedBy) })}
                  </p>
                )}
              </>
            ),
          },
          do: {
            when: may,
            label: t('attendance.correct'),
            cell: (row) =>
              isOpen(row) && (
                <>
                  <RowButton size="small" onClick={() => setTask({ kind: 'replace', row })}>
                    {t('attendance.correct')}
                  </RowButton>
                  <RowButton label={t('attendance.void')} size="small" onClick={() => setTask({ kind: 'void', row })} />
                </>
              ),
          },
        }}
      />
      {task && <Correct task={task} onClose={() => setTask(null)} onDone={pages.reload} />}
    </PageFrame>
  );
}

/** Whether the record can be corrected. */
const isOpen = (row: AttendanceRow): boolean => row.voided === null && row.person !== null;

/** Voids several records for one reason. Each can be restored on its own. */
function VoidAll({ rows, onDone }: { rows: readonly AttendanceRow[]; onDone: () => void }) {
  const reason = useField('');
  if (rows.length === 0) return null;
  return (
    <DialogButton size="small" label={t('attendance.void')} title={t('corrections.title.void')}>
      <div class="stack">
        <p class="setting-name">{t('table.records', { count: rows.length })}</p>
        <p class="muted">{t('corrections.voidText')}</p>
        <AreaField label={t('corrections.reason')} required maxLength={500} {...reason} />
        {reason.value.trim() !== '' && (
          <BulkButton
            kind="primary-danger"
            label={t('attendance.void')}
            rows={rows}
            nameOf={(row) => listed([row.name ?? t('board.list.unknown'), momentIn(row.at, zoneOf(row.site))])}
            write={({ id }) => api(makeCorrection, { body: { kind: 'void', target: id, reason: reason.value.trim() } })}
            undo={(_, { id: target }) =>
              api(makeCorrection, { body: { kind: 'undo', target, reason: t('corrections.undoReason') } })
            }
            done={onDone}
          />
        )}
      </div>
    </DialogButton>
  );
}

function stateOf(row: AttendanceRow): string {
  if (row.voided !== null) return t(keyOr(`voided.${row.voided}`, 'voided.label'));
  if (row.duplicateOf !== null) return t('attendance.duplicate');
  return t(row.correction ? 'attendance.correctedRow' : 'attendance.counts');
}

/** Downloads the same rows as a file. */
export function Exports({ file }: { file: (format: 'csv' | 'xlsx') => Promise<Answer<null>> }) {
  const { busy, error, run } = useWrite();
  const fetchFile = (format: 'csv' | 'xlsx') => run(() => file(format), { say: () => t('attendance.exported') });
  return (
    <>
      <ErrorNote error={error} />
      {(['csv', 'xlsx'] as const).map((format) => (
        <Button
          icon={<IconDownload />}
          label={t(`attendance.${format}`)}
          key={format}
          disabled={busy}
          aria-label={labelled(t('attendance.exporting'), t(`attendance.${format}`))}
          onClick={() => void fetchFile(format)}
        />
      ))}
    </>
  );
}
