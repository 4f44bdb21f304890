import { useState } from 'preact/hooks';
import type { Person } from '../../../sync/protocol/api/people.ts';
import * as retention from '../../../sync/protocol/api/retention.ts';
import { Button } from '../../shared/button.tsx';
import { numberOf } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import { AreaField, ErrorNote, SelectField, TextField, useFields } from '../../shared/web/form.tsx';
import { DialogButton, Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { kioskColumn, momentColumn } from '../parts/column.tsx';
import { Ago, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonField } from '../parts/people-search.tsx';
import { PersonOrId } from '../parts/person-fields.tsx';
import { SiteLink } from '../parts/place-links.tsx';
import { Reading } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { instantAt } from '../state/clock.ts';
import { siteOf, siteOptions, zoneOf } from '../state/places.ts';

/** How long data is kept, what was deleted, what is kept nevertheless, and what kiosks have confirmed. */
export function RetentionView({ role }: PageProps) {
  const found = useRead(retention.getRetention);
  const [dry, setDry] = useState<Map<string, { due: number; held: number }> | null>(null);
  const { busy, error, run } = useWrite();
  const mayRun = role !== 'auditor';
  const state = found.value;
  const last = new Map(state?.lastRun?.rules.map((r) => [r.kind as string, r]));
  const foundOf = (kind: string) => dry?.get(kind) ?? last.get(kind);
  const dryRun = () =>
    run(() => api(retention.dryRunRetention), {
      done: (value) => setDry(new Map(value.rules.map((r) => [r.kind, r]))),
    });
  return (
    <PageFrame
      of="retention"
      actions={mayRun && <Button label={t('retention.dryRun')} disabled={busy} onClick={dryRun} />}
    >
      <Reading of={found} rows={6} error={error} />
      {state && (
        <div class="card table-card">
          <DataTable
            id="retention"
            caption={t('retention.rules')}
            rows={state.rules}
            rowKey={(r) => r.kind}
            columns={{
              what: {
                label: t('retention.what'),
                heads: true,
                sort: (r) => t(`retention.kind.${r.kind}`),
                cell: (r) => (
                  <div>
                    <p>{t(`retention.kind.${r.kind}`)}</p>
                    <p class="muted small">{t(`retention.outcome.${r.kind}`)}</p>
                  </div>
                ),
              },
              kept: {
                label: t('retention.kept'),
                numeric: true,
                sort: (r) => r.days ?? Number.POSITIVE_INFINITY,
                cell: (r) => (r.days === null ? t('retention.forever') : t('retention.days', { count: r.days })),
              },
              removed: {
                label: t('retention.removed'),
                numeric: true,
                sort: (r) => last.get(r.kind)?.removed ?? null,
                cell: (r) => countOf(last.get(r.kind)?.removed),
              },
              due: {
                label: t('retention.due'),
                numeric: true,
                sort: (r) => foundOf(r.kind)?.due ?? null,
                cell: (r) => countOf(foundOf(r.kind)?.due),
              },
              held: {
                label: t('retention.held'),
                numeric: true,
                sort: (r) => foundOf(r.kind)?.held ?? null,
                cell: (r) => countOf(foundOf(r.kind)?.held),
              },
            }}
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
          <DataTable
            id="retention-kiosks"
            beside
            caption={t('retention.kiosks')}
            rows={state.kiosks}
            rowKey={(k) => `${k.device} ${k.what}`}
            tone={(k) => (k.overdue ? 'bad' : undefined)}
            columns={{
              name: kioskColumn(t('devices.name'), 'device'),
              what: { label: t('retention.what'), choice: (k) => [k.what, t(`retention.kind.${k.what}`)] },
              before: momentColumn(t('retention.nothingBefore'), 'purgedBefore'),
              confirmed: {
                label: t('retention.confirmed'),
                sort: (k) => k.confirmedAt,
                cell: (k) => <Ago at={k.confirmedAt} />,
              },
              status: { label: t('devices.statusLabel'), sort: (k) => Number(k.overdue), choice: stateOf },
            }}
          />
        </section>
      )}
    </PageFrame>
  );
}

const countOf = (count: number | undefined) => (count === undefined ? '–' : numberOf(count));

const stateOf = ({ overdue }: { readonly overdue: boolean }) =>
  overdue ? (['overdue', t('retention.overdue')] as const) : (['in-time', t('retention.inTime')] as const);

/** Legal holds: data they cover is neither purged nor erased. */
function Holds({ mayWrite }: { mayWrite: boolean }) {
  const holds = useRead(retention.listHolds);
  const { error, run } = useWrite();
  const release = ({ id, reason }: { readonly id: string; readonly reason: string }) =>
    run(() => api(retention.releaseHold, { params: { hold: id } }), {
      ask: async () => {
        const found = await api(retention.dryRunRelease, { params: { hold: id } });
        if (!found.ok) return found;
        const { due, erasures } = found.value;
        return {
          title: t('retention.release'),
          subject: <p class="setting-name">{reason}</p>,
          text: [
            due > 0 && t('retention.releaseText', { count: due }),
            erasures > 0 && t('retention.releaseErasures', { count: erasures }),
            t(due + erasures > 0 ? 'retention.releaseEnd' : 'retention.releaseNothing'),
          ]
            .filter(Boolean)
            .join(' '),
          danger: true,
          word: t('retention.releaseWord'),
        };
      },
      say: () => t('retention.released'),
      of: reason,
      done: holds.reload,
    });
  return (
    <Panel title={t('retention.holds')} aside={mayWrite && <HoldButton person={null} onDone={holds.reload} />}>
      <ErrorNote error={error ?? holds.error} />
      {holds.value?.items.length === 0 && <p class="muted">{t('retention.noHolds')}</p>}
      {holds.value && holds.value.items.length > 0 && (
        <DataTable
          id="holds"
          beside
          search="here"
          caption={t('retention.holds')}
          rows={holds.value.items}
          rowKey={(hold) => hold.id}
          columns={{
            reason: { label: t('retention.reason'), heads: true, sort: (hold) => hold.reason },
            person: {
              label: t('corrections.person'),
              sort: (hold) => hold.name,
              cell: (hold) => (hold.person ? <PersonOrId id={hold.person} name={hold.name} /> : '–'),
            },
            site: {
              label: t('people.site'),
              sort: (hold) => hold.site && (siteOf(hold.site)?.name ?? null),
              cell: (hold) => (hold.site ? <SiteLink id={hold.site} /> : '–'),
            },
            from: momentColumn(t('retention.from'), 'from'),
            until: momentColumn(t('retention.until'), 'until'),
            do: {
              when: mayWrite,
              label: t('attention.do'),
              cell: (hold) => <RowButton label={t('retention.release')} onClick={() => void release(hold)} />,
            },
          }}
        />
      )}
    </Panel>
  );
}

interface NewHoldProps {
  /** Whose data to hold; null: to be chosen. */
  person: Person | null;
  onDone: () => void;
}

/** Adds a legal hold. */
export const HoldButton = (hold: NewHoldProps) => (
  <DialogButton label={t('retention.addHold')}>
    <AddHold {...hold} />
  </DialogButton>
);

function AddHold({ person: given, onDone }: NewHoldProps) {
  const { values, field } = useFields({ site: '', from: '', until: '', reason: '' }, retention.NewHold);
  const [person, setPerson] = useState(given);
  const site = values.site || null;
  const at = (day: string) => (day ? instantAt(day, '00:00', zoneOf(site)) : null);
  const parsed = retention.NewHold.safeParse({
    ...values,
    person: person?.id ?? null,
    site,
    from: at(values.from),
    until: at(values.until),
  });
  return (
    <WriteForm
      write={() => api(retention.setHold, { body: parsed.data! })}
      say={() => t('retention.holdSet')}
      done={onDone}
      ready={parsed.success}
      action={t('retention.addHold')}
    >
      <p class="muted">{t('retention.holdText')}</p>
      <AreaField label={t('retention.reason')} required {...field('reason')} />
      <PersonField label={t('corrections.person')} value={person} onPerson={setPerson} />
      <SelectField label={t('people.site')} {...field('site')} options={[['', t('any')], ...siteOptions()]} />
      <TextField label={t('retention.from')} type="date" dir="ltr" {...field('from')} />
      <TextField label={t('retention.until')} type="date" dir="ltr" {...field('until')} />
    </WriteForm>
  );
}
