import { useState } from 'preact/hooks';
import {
  dryRunRetention,
  getRetention,
  listHolds,
  NewHold,
  releaseHold,
  setHold,
} from '../../../sync/protocol/api/retention.ts';
import { Button } from '../../shared/button.tsx';
import { IconCalendar } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { confirm } from '../../shared/web/confirm.tsx';
import { Dialog } from '../../shared/web/dialog.tsx';
import { AreaField, ErrorNote, Form, SelectField, Submit, TextField } from '../../shared/web/form.tsx';
import { useResource, useWrite } from '../../shared/web/resource.ts';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';
import { Ago, Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-link.tsx';
import { RowButton, Skeleton, Table } from '../parts/table.tsx';
import { siteOf, sites, zoneOf } from '../state/places.ts';
import { instantAt } from '../state/zone.ts';
import type { ConsolePage, PageProps } from './page.ts';

export const retentionPage: ConsolePage = {
  path: 'retention',
  group: 'privacy',
  Icon: IconCalendar,
  roles: ['admin', 'dpo', 'auditor'],
  View: RetentionView,
};

/** How long things are kept, what went, what is kept all the same, and what kiosks have confirmed. */
function RetentionView({ role }: PageProps) {
  const found = useResource('retention', (signal) => api(getRetention, { signal }));
  const [dry, setDry] = useState<Map<string, { due: number; held: number }> | null>(null);
  const { busy, error, run } = useWrite();
  const mayRun = role !== 'auditor';
  const state = found.value;
  const last = new Map(state?.lastRun?.rules.map((r) => [r.kind as string, r]));
  const dryRun = async () => {
    const done = await run(() => api(dryRunRetention));
    if (done?.ok) setDry(new Map(done.value.rules.map((r) => [r.kind, r])));
  };
  return (
    <PageFrame
      title={t('retention.nav')}
      lead={t('retention.lead')}
      actions={
        mayRun && (
          <Button disabled={busy} onClick={() => void dryRun()}>
            {t('retention.dryRun')}
          </Button>
        )
      }
    >
      <ErrorNote error={error ?? found.error} />
      {!state && found.loading && <Skeleton rows={6} />}
      {state && (
        <div class="card table-card">
          <Table
            caption={t('retention.rules')}
            rows={state.rules}
            rowKey={(r) => r.kind}
            columns={[
              {
                key: 'kind',
                label: t('retention.what'),
                heads: true,
                cell: (r) => (
                  <div>
                    <p>{t(`retention.kind.${r.kind}`)}</p>
                    <p class="muted small">{t(`retention.outcome.${r.kind}`)}</p>
                  </div>
                ),
              },
              {
                key: 'days',
                label: t('retention.kept'),
                numeric: true,
                cell: (r) => (r.days === null ? t('retention.forever') : t('retention.days', { count: r.days })),
              },
              {
                key: 'removed',
                label: t('retention.removed'),
                numeric: true,
                cell: (r) => last.get(r.kind)?.removed ?? '–',
              },
              {
                key: 'due',
                label: t('retention.due'),
                numeric: true,
                cell: (r) => dry?.get(r.kind)?.due ?? last.get(r.kind)?.due ?? '–',
              },
              {
                key: 'held',
                label: t('retention.held'),
                numeric: true,
                cell: (r) => dry?.get(r.kind)?.held ?? last.get(r.kind)?.held ?? '–',
              },
            ]}
          />
          <footer class="table-foot">
            <p class="muted small">
              {state.lastRun ? (
                <>
                  {t('retention.lastRun')} <Moment at={state.lastRun.at} />
                </>
              ) : (
                t('retention.neverRun')
              )}
            </p>
          </footer>
        </div>
      )}
      <Holds mayWrite={mayRun} />
      {state && state.kiosks.length > 0 && (
        <section class="card table-card">
          <h2 class="card-title">{t('retention.kiosks')}</h2>
          <Table
            caption={t('retention.kiosks')}
            rows={state.kiosks}
            rowKey={(k) => `${k.device} ${k.what}`}
            tone={(k) => (k.overdue ? 'bad' : undefined)}
            columns={[
              { key: 'name', label: t('devices.name'), heads: true, cell: (k) => <span dir="auto">{k.name}</span> },
              { key: 'what', label: t('retention.what'), cell: (k) => t(`retention.kind.${k.what}`) },
              {
                key: 'before',
                label: t('retention.nothingBefore'),
                numeric: true,
                cell: (k) => <Moment at={k.purgedBefore} />,
              },
              { key: 'confirmed', label: t('retention.confirmed'), cell: (k) => <Ago at={k.confirmedAt} /> },
              {
                key: 'state',
                label: t('devices.statusLabel'),
                cell: (k) => t(k.overdue ? 'retention.overdue' : 'retention.inTime'),
              },
            ]}
          />
        </section>
      )}
    </PageFrame>
  );
}

/** Duties to keep: nothing that one covers is purged or erased. */
function Holds({ mayWrite }: { mayWrite: boolean }) {
  const holds = useResource('holds', (signal) => api(listHolds, { signal }));
  const [adding, setAdding] = useState(false);
  const { error, run } = useWrite();
  const release = async (id: string) => {
    const sure = await confirm({
      title: t('retention.release'),
      text: t('retention.releaseText'),
      action: t('retention.release'),
      danger: true,
    });
    if (!sure) return;
    const done = await run(() => api(releaseHold, { params: { hold: id } }));
    if (done?.ok) {
      toast(() => t('retention.released'));
      holds.reload();
    }
  };
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('retention.holds')}</h2>
        {mayWrite && <Button onClick={() => setAdding(true)}>{t('retention.addHold')}</Button>}
      </div>
      <ErrorNote error={error ?? holds.error} />
      {holds.value?.items.length === 0 && <p class="muted">{t('retention.noHolds')}</p>}
      <ul>
        {holds.value?.items.map((hold) => (
          <li key={hold.id} class="setting">
            <div id={`hold-${hold.id}`}>
              <p class="setting-name" dir="auto">
                {hold.reason}
              </p>
              <p class="muted small">
                {hold.person && <PersonLink id={hold.person} name={hold.person.slice(-8)} />}
                {hold.site && siteOf(hold.site)?.name} {hold.from && <Moment at={hold.from} />}
                {(hold.from || hold.until) && ' – '}
                {hold.until && <Moment at={hold.until} />}
              </p>
            </div>
            {mayWrite && (
              <RowButton of={`hold-${hold.id}`} onClick={() => void release(hold.id)}>
                {t('retention.release')}
              </RowButton>
            )}
          </li>
        ))}
      </ul>
      {adding && (
        <Dialog title={t('retention.addHold')} onClose={() => setAdding(false)}>
          <AddHold
            onDone={() => {
              setAdding(false);
              holds.reload();
              toast(() => t('retention.holdSet'));
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

function AddHold({ onDone }: { onDone: () => void }) {
  const [person, setPerson] = useState('');
  const [site, setSite] = useState('');
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const { busy, error, run } = useWrite();
  const at = (day: string) => (day ? instantAt(day, '00:00', zoneOf(site || null)) : null);
  const parsed = NewHold.safeParse({
    person: person.trim() || null,
    site: site || null,
    from: at(from),
    until: at(until),
    reason,
  });
  const submit = async () => {
    if (!parsed.success) return;
    const done = await run(() => api(setHold, { body: parsed.data }));
    if (done?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <p class="muted">{t('retention.holdText')}</p>
      <ErrorNote error={error} />
      <AreaField label={t('retention.reason')} required maxLength={500} value={reason} onValue={setReason} />
      <TextField
        label={t('retention.person')}
        hint={t('retention.personHint')}
        dir="ltr"
        value={person}
        onValue={setPerson}
      />
      <SelectField
        label={t('people.site')}
        value={site}
        onValue={setSite}
        options={[['', t('any')], ...sites.value.map((s) => [s.id, s.name] as const)]}
      />
      <TextField label={t('retention.from')} type="date" dir="ltr" value={from} onValue={setFrom} />
      <TextField label={t('retention.until')} type="date" dir="ltr" value={until} onValue={setUntil} />
      <Submit disabled={busy || !parsed.success}>{t('retention.addHold')}</Submit>
    </Form>
  );
}
