import { getErasure, getErasureCertificate, listErasures, undoErasure } from '../../../sync/protocol/api/erasures.ts';
import { Button } from '../../shared/button.tsx';
import { IconDownload, IconPrint } from '../../shared/icons.tsx';
import { api, download } from '../../shared/web/api.ts';
import { Badge, Fact, Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SelectFilter } from '../parts/filters.tsx';
import { Ago, codeLabel, Moment } from '../parts/labels.tsx';
import { BackButton, PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonOrId } from '../parts/person-fields.tsx';
import { KioskLink } from '../parts/place-links.tsx';
import { Reading } from '../parts/reading.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import type { Role } from '../state/session.ts';

export function Erasures({ rest: [request], role }: PageProps) {
  return request ? <One key={request} request={request} role={role} /> : <List />;
}

const tone = (state: string) => (state === 'done' ? 'good' : undefined);

function List() {
  const open = filterOf('open').value;
  const pages = useList(listErasures, { query: { open } });
  return (
    <PageFrame of="erasures">
      <DataTable
        id="erasures"
        pages={pages}
        filters={
          <FilterBar names={['open']}>
            <SelectFilter
              name="open"
              label={t('erasures.stateLabel')}
              options={[
                ['true', t('erasures.open')],
                ['false', t('erasures.closed')],
              ]}
            />
          </FilterBar>
        }
        caption={t('erasures.nav')}
        rowKey={(e) => e.request}
        empty={{ title: t('erasures.none'), text: t('erasures.noneText') }}
        columns={{
          requestedAt: {
            label: t('erasures.asked'),
            heads: true,
            cell: (e) => (
              <a class="text-link" href={`#/erasures/${e.request}`}>
                <Moment at={e.requestedAt} />
              </a>
            ),
          },
          state: {
            label: t('erasures.stateLabel'),
            choice: (e) => [e.state, t(`erasures.state.${e.state}`)],
            cell: (e) => <Badge kind={tone(e.state)}>{t(`erasures.state.${e.state}`)}</Badge>,
          },
          origin: { label: t('erasures.origin'), choice: (e) => [e.origin, t(`erasures.by.${e.origin}`)] },
          waits: {
            label: t('erasures.waits'),
            sort: (e) => e.waitsFor && codeLabel('erasures.wait', e.waitsFor),
            cell: (e) => (e.waitsFor ? codeLabel('erasures.wait', e.waitsFor) : '–'),
          },
          doneAt: { label: t('erasures.doneAt'), numeric: true, cell: (e) => <Moment at={e.doneAt} /> },
        }}
      />
    </PageFrame>
  );
}

/** Progress of one erasure, by step and by kiosk. */
function One({ request, role }: { request: string; role: Role }) {
  const found = useRead(getErasure, { params: { request } }, 5000);
  const { busy, error, run } = useWrite();
  const erasure = found.value;
  const undo = () =>
    run(() => api(undoErasure, { params: { request } }), {
      ask: { title: t('erasures.undo'), text: t('erasures.undoText'), keep: t('erasures.keep') },
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
          <Button icon={<IconPrint />} label={t('print')} onClick={() => print()} />
          {erasure?.state === 'requested' && role !== 'auditor' && (
            <Button label={t('erasures.undo')} kind="primary" disabled={busy} onClick={undo} />
          )}
          {erasure?.state === 'done' && (
            <>
              <Button icon={<IconDownload />} label={t('erasures.signed')} onClick={() => save('jws')} />
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
          <Panel
            title={t(`erasures.state.${erasure.state}`)}
            aside={<Badge kind={tone(erasure.state)}>{t(`erasures.by.${erasure.origin}`)}</Badge>}
          >
            <dl class="facts">
              <Fact name={t('erasures.asked')} value={<Moment at={erasure.requestedAt} />} />
              {erasure.undoUntil && <Fact name={t('erasures.undoUntil')} value={<Moment at={erasure.undoUntil} />} />}
              {erasure.person && (
                <Fact name={t('consents.who')} value={<PersonOrId id={erasure.person} name={erasure.name} />} />
              )}
              {erasure.waitsFor && (
                <Fact name={t('erasures.waits')} value={codeLabel('erasures.wait', erasure.waitsFor)} />
              )}
            </dl>
          </Panel>
          <Panel title={t('erasures.steps')}>
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
          </Panel>
          {erasure.confirmed.length + erasure.open.length > 0 && (
            <section class="card table-card">
              <h2 class="card-title">{t('erasures.kiosks')}</h2>
              <DataTable
                id="erasure-kiosks"
                caption={t('erasures.kiosks')}
                rows={[
                  ...erasure.open.map((k) => ({ ...k, at: null as string | null })),
                  ...erasure.confirmed.map((k) => ({ ...k, overdue: false, lastHeardAt: null, status: 'approved' })),
                ]}
                rowKey={(k) => k.device}
                tone={(k) => (k.overdue ? 'bad' : undefined)}
                columns={{
                  name: {
                    label: t('devices.name'),
                    heads: true,
                    cell: (k) => <KioskLink id={k.device} name={k.name} />,
                  },
                  state: {
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
                  at: { label: t('retention.confirmed'), numeric: true, cell: (k) => <Moment at={k.at} /> },
                  lastHeardAt: { label: t('devices.heard'), cell: (k) => <Ago at={k.lastHeardAt} /> },
                }}
              />
            </section>
          )}
        </>
      )}
    </PageFrame>
  );
}
