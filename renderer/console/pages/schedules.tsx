import { useEffect, useState } from 'preact/hooks';
import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import * as reports from '../../../sync/protocol/api/reports.ts';
import { currentLanguage, listed, ownName } from '../../shared/i18n.ts';
import { IconCalendar } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { CheckFields, ErrorNote, SelectField, TextField, useFields } from '../../shared/web/form.tsx';
import { Badge, DialogButton, Empty, Note } from '../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { Reading } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { siteOf, siteOptions, sites } from '../state/places.ts';

/** Polling interval while an e-mail is being sent, ms. Each read adds an audit row. */
const EVERY_MS = 5000;

const whatLabel = ({ site, by }: reports.ReportSchedule): string =>
  [siteOf(site)?.name, t(`reports.byOf.${by}`)].join(' · ');

/** Reports by e-mail: which, when, to which accounts, and whether they were sent. */
export function Schedules({ role }: Pick<PageProps, 'role'>) {
  const [waits, setWaits] = useState(false);
  const found = useRead(reports.listReportSchedules, {}, waits ? EVERY_MS : undefined);
  const waiting = found.value?.items.some((row) => row.waiting > 0 && row.error === null) ?? false;
  useEffect(() => setWaits(waiting), [waiting]);
  const { busy, error, run } = useWrite();
  const params = (row: reports.ReportSchedule) => ({ params: { schedule: row.id } });
  const send = (row: reports.ReportSchedule) =>
    run(() => api(reports.sendReport, params(row)), {
      say: () => t('schedules.sending'),
      of: whatLabel(row),
      done: found.reload,
    });
  const stop = (row: reports.ReportSchedule) => {
    const { by, only, site, every, at, language, receivers } = row;
    const body = { by, only, site, every, at, language, receivers: receivers.map(({ id }) => id) };
    // Stopping can only be undone if all addresses are visible to this user, since a new schedule needs them.
    const restored = found.value?.mail && receivers.length > 0 && receivers.every(({ email }) => email !== null);
    return run(() => api(reports.stopReportSchedule, params(row)), {
      ask: {
        title: t('schedules.stop'),
        text: t(restored ? 'schedules.stopText' : 'schedules.stopTextFinal'),
        danger: true,
        ...(!restored && { word: t('people.eraseWord') }),
      },
      say: () => t('schedules.stopped'),
      of: whatLabel(row),
      undo: restored && (() => api(reports.createReportSchedule, { body })),
      done: found.reload,
    });
  };
  const { value } = found;
  return (
    <PageFrame
      of="schedules"
      actions={
        <DialogButton label={t('schedules.add')} kind="primary" disabled={value?.mail === false}>
          <EditSchedule role={role} onDone={found.reload} />
        </DialogButton>
      }
    >
      <Reading of={found} rows={3} error={error} />
      {value?.mail === false && <Note kind="warn">{t('schedules.noMail')}</Note>}
      {value && (
        <div class="card table-card">
          {value.items.length === 0 ? (
            <Empty title={t('schedules.none')} text={t('schedules.noneText')} icon={<IconCalendar />} />
          ) : (
            <DataTable
              id="schedules"
              caption={t('schedules.nav')}
              rows={value.items}
              rowKey={(row) => row.id}
              search="here"
              tone={(row) => (row.error === null ? undefined : 'bad')}
              columns={{
                what: {
                  label: t('schedules.what'),
                  heads: true,
                  sort: whatLabel,
                  below: (row) => row.only && <span class="muted small">{t(`reports.onlyOf.${row.only}`)}</span>,
                },
                when: {
                  label: t('schedules.every'),
                  names: true,
                  choice: (row) => [row.every, t(`schedules.everyOf.${row.every}`)],
                  cell: (row) => t('schedules.when', { every: t(`schedules.everyOf.${row.every}`), at: row.at }),
                },
                receivers: {
                  label: t('schedules.receivers'),
                  sort: ({ receivers }) => listed(receivers.map(({ email }) => email ?? '')) || receivers.length,
                  // Users who may not see addresses get their number instead.
                  cell: ({ receivers }) => (
                    <bdi>
                      {receivers.some(({ email }) => email === null)
                        ? receivers.length
                        : listed(receivers.map(({ email }) => email ?? '–')) || '–'}
                    </bdi>
                  ),
                },
                next: {
                  label: t('schedules.next'),
                  sort: (row) => row.nextAt,
                  cell: (row) => <Moment at={row.nextAt} site={row.site} />,
                },
                sent: {
                  label: t('schedules.sent'),
                  sort: (row) => row.sentAt,
                  cell: (row) => <Moment at={row.sentAt} site={row.site} />,
                  below: (row) =>
                    row.error !== null ? (
                      <Badge kind="bad" class="badge wraps">
                        {t('schedules.failed')}
                      </Badge>
                    ) : (
                      row.waiting > 0 && <Badge>{t('schedules.waiting')}</Badge>
                    ),
                },
                do: {
                  label: t('attention.do'),
                  cell: (row) => (
                    <>
                      <DialogButton
                        as={RowButton}
                        size="small"
                        label={t('people.edit')}
                        title={t('schedules.edit')}
                        disabled={!value.mail}
                      >
                        <EditSchedule {...row} role={role} onDone={found.reload} />
                      </DialogButton>
                      <RowButton
                        size="small"
                        label={t('schedules.send')}
                        disabled={busy}
                        onClick={() => void send(row)}
                      />
                      <RowButton
                        size="small"
                        label={t('schedules.stop')}
                        disabled={busy}
                        onClick={() => void stop(row)}
                      />
                    </>
                  ),
                },
              }}
            />
          )}
        </div>
      )}
    </PageFrame>
  );
}

interface EditScheduleProps
  extends Pick<PageProps, 'role'>,
    Partial<Omit<reports.NewReportSchedule, 'receivers' | 'site'>> {
  /** Id of the schedule to change; absent: a new one. */
  id?: string;
  site?: string | undefined;
  receivers?: reports.ReportSchedule['receivers'];
  onDone?: () => void;
}

/** A form for what is sent, when and to which accounts. */
export function EditSchedule({
  role,
  id,
  by = 'person',
  only,
  site,
  every = 'week',
  at = '07:00',
  language = currentLanguage() as reports.NewReportSchedule['language'],
  receivers = [],
  onDone,
}: EditScheduleProps) {
  const known = useRead(reports.listReportSchedules);
  const { values, field } = useFields({
    by: by as string,
    only: (only ?? '') as string,
    site: siteOf(site ?? null)?.id ?? '',
    every: every as string,
    at,
    language: language as string,
  });
  const [chosen, setChosen] = useState<readonly string[]>(receivers.map((one) => one.id));
  const body = {
    ...(values as unknown as reports.NewReportSchedule),
    only: (values.only || undefined) as reports.NewReportSchedule['only'],
    receivers: [...chosen],
  };
  return (
    <WriteForm
      write={() =>
        id === undefined
          ? api(reports.createReportSchedule, { body })
          : api(reports.changeReportSchedule, { params: { schedule: id }, body })
      }
      say={() => t(id === undefined ? 'schedules.added' : 'schedules.changed')}
      done={onDone}
      ready={chosen.length > 0 && known.value?.mail === true}
      action={t(id === undefined ? 'schedules.add' : 'people.save')}
    >
      <Note>{t('schedules.privacy')}</Note>
      <ErrorNote error={known.error} onRetry={known.reload} />
      {known.value?.mail === false && <Note kind="warn">{t('schedules.noMail')}</Note>}
      <div class="row-fields">
        {sites.value.length > 1 && (
          <SelectField label={t('attendance.site')} {...field('site')} options={siteOptions()} />
        )}
        <SelectField
          label={t('reports.by')}
          {...field('by')}
          options={(Object.keys(reports.REPORTS) as reports.ReportBy[]).map((one) => [one, t(`reports.byOf.${one}`)])}
        />
        <SelectField
          label={t('attendance.show')}
          {...field('only')}
          options={[
            ['', t('any')],
            ...reports.ReportOnly.options.map((one) => [one, t(`reports.onlyOf.${one}`)] as const),
          ]}
        />
      </div>
      <SelectField
        label={t('schedules.every')}
        {...field('every')}
        options={(['day', 'week', 'month'] as const).map((one) => [one, t(`schedules.everyOf.${one}`)])}
      />
      <div class="row-fields">
        <TextField label={t('schedules.at')} type="time" required {...field('at')} />
        <SelectField
          label={t('schedules.language')}
          {...field('language')}
          options={LANGUAGES.map((one) => [one, ownName(one)])}
        />
      </div>
      <fieldset class="plain">
        <legend>{t('schedules.receivers')}</legend>
        <p class="muted small">{t(role === 'staff' ? 'schedules.receiversOwn' : 'schedules.receiversText')}</p>
        <CheckFields
          options={known.value?.receivers.map(({ id, email }) => [id, email]) ?? []}
          chosen={chosen}
          onChosen={setChosen}
        />
        {known.value?.receivers.length === 0 && <p>{t('schedules.noReceivers')}</p>}
      </fieldset>
    </WriteForm>
  );
}
