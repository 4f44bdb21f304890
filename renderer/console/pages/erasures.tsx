import { getErasure, getErasureCertificate, listErasures, undoErasure } from '../../../sync/protocol/api/erasures.ts';
import { Button } from '../../shared/button.tsx';
import { IconDownload } from '../../shared/icons.tsx';
import { api, download } from '../../shared/web/api.ts';
import { SelectField } from '../../shared/web/form.tsx';
import { Badge, Fact } from '../../shared/web/pieces.tsx';
import { usePages, useResource, useWrite } from '../../shared/web/resource.ts';
import { t } from '../i18n.ts';
import { FilterBar, filterOf } from '../parts/filters.tsx';
import { codeLabel } from '../parts/labels.ts';
import { Ago, Moment } from '../parts/moment.tsx';
import { BackButton, PageFrame } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-link.tsx';
import { PagedTable, Reading, Table } from '../parts/table.tsx';
import type { Role } from '../state/session.ts';
import type { PageProps } from './page.ts';

export function Erasures({ rest: [request], role }: PageProps) {
  return request ? <One key={request} request={request} role={role} /> : <List />;
}

const tone = (state: string) => (state === 'done' ? 'good' : undefined);

function List() {
  const open = filterOf('open');
  const pages = usePages(listErasures, { query: { open: open.value } });
  return (
    <PageFrame title={t('erasures.nav')} lead={t('erasures.lead')}>
      <FilterBar names={['open']}>
        <SelectField
          label={t('erasures.stateLabel')}
          {...open}
          options={[
            ['', t('any')],
            ['true', t('erasures.open')],
            ['false', t('erasures.closed')],
          ]}
        />
      </FilterBar>
      <PagedTable
        pages={pages}
        caption={t('erasures.nav')}
        rowKey={(e) => e.request}
        empty={{ title: t('erasures.none'), text: t('erasures.noneText') }}
        columns={[
          {
            label: t('erasures.asked'),
            heads: true,
            cell: (e) => (
              <a class="text-link" href={`#/erasures/${e.request}`}>
                <Moment at={e.requestedAt} />
              </a>
            ),
          },
          {
            label: t('erasures.stateLabel'),
            cell: (e) => <Badge kind={tone(e.state)}>{t(`erasures.state.${e.state}`)}</Badge>,
          },
          { label: t('erasures.origin'), cell: (e) => t(`erasures.by.${e.origin}`) },
          { label: t('erasures.waits'), cell: (e) => (e.waitsFor ? codeLabel('erasures.wait', e.waitsFor) : '–') },
          { label: t('erasures.doneAt'), numeric: true, cell: (e) => <Moment at={e.doneAt} /> },
        ]}
      />
    </PageFrame>
  );
}

/** How far one erasure has got, step by step and kiosk by kiosk. */
function One({ request, role }: { request: string; role: Role }) {
  const found = useResource(request, (signal) => api(getErasure, { params: { request }, signal }), 5000);
  const { busy, error, run } = useWrite();
  const erasure = found.value;
  const undo = () =>
    run(() => api(undoErasure, { params: { request } }), {
      ask: { title: t('erasures.undo'), text: t('erasures.undoText') },
      say: () => t('erasures.undone'),
      done: found.reload,
    });
  const save = (format: 'md' | 'jws') =>
    void run(() => download(getErasureCertificate, { params: { request }, query: { format } }));
  return (
    <PageFrame
      title={t('erasures.one')}
      actions={
        <>
          <BackButton to="erasures">{t('erasures.back')}</BackButton>
          {erasure?.state === 'requested' && role !== 'auditor' && (
            <Button kind="primary" disabled={busy} onClick={() => void undo()}>
              {t('erasures.undo')}
            </Button>
          )}
          {erasure?.state === 'done' && (
            <>
              <Button onClick={() => save('jws')}>
                <IconDownload />
                {t('erasures.signed')}
              </Button>
              <Button kind="primary" onClick={() => save('md')}>
                <IconDownload />
                {t('erasures.certificate')}
              </Button>
            </>
          )}
        </>
      }
    >
      <Reading of={found} rows={6} error={error} />
      {erasure && (
        <>
          <section class="card panel">
            <div class="panel-head">
              <h2>{t(`erasures.state.${erasure.state}`)}</h2>
              <Badge kind={tone(erasure.state)}>{t(`erasures.by.${erasure.origin}`)}</Badge>
            </div>
            <dl class="facts">
              <Fact name={t('erasures.asked')}>
                <Moment at={erasure.requestedAt} />
              </Fact>
              {erasure.undoUntil && (
                <Fact name={t('erasures.undoUntil')}>
                  <Moment at={erasure.undoUntil} />
                </Fact>
              )}
              {erasure.person && (
                <Fact name={t('consents.who')}>
                  <PersonLink id={erasure.person} name={erasure.person.slice(-8)} />
                </Fact>
              )}
              {erasure.waitsFor && (
                <Fact name={t('erasures.waits')}>{codeLabel('erasures.wait', erasure.waitsFor)}</Fact>
              )}
            </dl>
          </section>
          <section class="card panel">
            <h2>{t('erasures.steps')}</h2>
            <ol class="steps">
              {erasure.steps.map((step) => (
                <li key={step.step} data-done={step.doneAt !== null}>
                  <span>{codeLabel('erasures.step', step.step)}</span>
                  <span class="muted small">
                    {step.doneAt ? (
                      <Moment at={step.doneAt} />
                    ) : step.code ? (
                      codeLabel('erasures.wait', step.code)
                    ) : (
                      '–'
                    )}
                  </span>
                </li>
              ))}
            </ol>
          </section>
          {erasure.confirmed.length + erasure.open.length > 0 && (
            <section class="card table-card">
              <h2 class="card-title">{t('erasures.kiosks')}</h2>
              <Table
                caption={t('erasures.kiosks')}
                rows={[
                  ...erasure.open.map((k) => ({ ...k, at: null as string | null })),
                  ...erasure.confirmed.map((k) => ({ ...k, overdue: false, lastHeardAt: null, status: 'approved' })),
                ]}
                rowKey={(k) => k.device}
                tone={(k) => (k.overdue ? 'bad' : undefined)}
                columns={[
                  { label: t('devices.name'), heads: true, cell: (k) => <span dir="auto">{k.name}</span> },
                  {
                    label: t('erasures.stateLabel'),
                    cell: (k) =>
                      k.at
                        ? t('erasures.confirmed')
                        : t(
                            k.status === 'revoked'
                              ? 'erasures.cannot'
                              : k.overdue
                                ? 'retention.overdue'
                                : 'erasures.asksIt',
                          ),
                  },
                  { label: t('retention.confirmed'), numeric: true, cell: (k) => <Moment at={k.at} /> },
                  { label: t('devices.heard'), cell: (k) => <Ago at={k.lastHeardAt} /> },
                ]}
              />
            </section>
          )}
        </>
      )}
    </PageFrame>
  );
}
