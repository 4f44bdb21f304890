import { useState } from 'preact/hooks';
import type { z } from 'zod';
import * as audit from '../../../sync/protocol/api/audit.ts';
import { AUDIT_ACTIONS } from '../../../sync/protocol/api/endpoint.ts';
import { Button } from '../../shared/button.tsx';
import { labelled } from '../../shared/i18n.ts';
import { IconDownload, IconShield } from '../../shared/icons.tsx';
import { type Answer, api, download } from '../../shared/web/api.ts';
import { ErrorNote, Form, SelectField, TextField, useFields } from '../../shared/web/form.tsx';
import { DialogButton, Fact } from '../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { go, setQuery } from '../../shared/web/router.ts';
import { keyOr, t } from '../i18n.ts';
import { codeLabel, Email, kindsLabel, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonOfId } from '../parts/people-search.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { KioskLink } from '../parts/place-links.tsx';
import { Reading } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { periodOf } from '../state/clock.ts';
import { kioskName, zoneOf } from '../state/places.ts';
import type { Role } from '../state/session.ts';

/** The roles that may use this page. */
export const AUDITORS: readonly Role[] = ['auditor', 'dpo'];

type Row = z.output<typeof audit.AuditRowView>;
const EMPTY = { from: '', to: '', action: '', role: '', email: '', ip: '', route: '', affected: '' };

/** Outcomes of actions that succeeded. Any other outcome is an error code. */
const DONE = { ok: true, repeated: true };

/** Who did it, as far as this may be known. */
const whoOf = ({ role, actor, email, name }: Row): string =>
  (role === 'device' && actor !== null ? kioskName(actor) : (email ?? name)) ?? codeLabel('audit.roles', role);

/** Returns the outcome as text, with the code of an error. */
const outcomeOf = ({ outcome }: Row): string => {
  const label = t(keyOr(`audit.outcomes.${outcome}`, 'audit.outcomes.refused'));
  return outcome in DONE ? label : labelled(label, outcome);
};

/** For an administrator: who may read the log, and how to get access. */
export const AuditOfOthers = () => (
  <PageFrame of="audit">
    <section class="card panel stack">
      <p>{t('audit.notYours')}</p>
      <p>
        <a class="text-link" href="#/accounts">
          {t('accounts.nav')}
        </a>
      </p>
    </section>
  </PageFrame>
);

/** The search fields kept in the address. The others, an e-mail address or what a route names, may identify someone. */
const ADDRESSED = ['from', 'to', 'action', 'role', 'affected'] as const;

const asked = ({ from, to, ...rest }: typeof EMPTY) => ({ ...rest, ...periodOf(from, to, zoneOf()) });

/** Who has seen or changed whose data. A person's page links here with their id. */
export function Audit({ rest: [affected], role, query }: PageProps) {
  const given = Object.fromEntries(ADDRESSED.map((name) => [name, query.get(name) ?? '']));
  const { values, setValues, field } = useFields({ ...EMPTY, ...given, ...(affected && { affected }) });
  const [sought, setSought] = useState(() => asked(values));
  const pages = useList(audit.searchAudit, { query: sought });
  const { error, run } = useWrite();
  const search = (wanted: typeof EMPTY) => {
    setSought(asked(wanted));
    const known = Object.fromEntries(ADDRESSED.map((name) => [name, wanted[name]]));
    if (affected) go('audit', known);
    else setQuery({ ...known, row: null });
  };
  return (
    <PageFrame
      of="audit"
      actions={
        <>
          <Button onClick={() => void run(() => download(audit.exportAudit, { query: sought }))}>
            <IconDownload />
            {t('audit.export')}
          </Button>
          <DialogButton kind="primary" icon={<IconShield />} label={t('audit.verify')}>
            <Verify />
          </DialogButton>
        </>
      }
    >
      <ErrorNote error={error} />
      <Form class="filters many" role="search" onSubmit={() => search(values)}>
        <TextField label={t('audit.from')} type="date" dir="ltr" {...field('from')} />
        <TextField label={t('audit.to')} type="date" dir="ltr" {...field('to')} />
        <SelectField
          label={t('audit.action')}
          {...field('action')}
          options={[['', t('any')], ...AUDIT_ACTIONS.map((a) => [a, codeLabel('audit.actions', a)] as const)]}
        />
        <SelectField
          label={t('audit.role')}
          {...field('role')}
          options={[['', t('any')], ...audit.AUDIT_ROLES.map((r) => [r, codeLabel('audit.roles', r)] as const)]}
        />
        <TextField label={t('audit.email')} dir="ltr" {...field('email')} />
        <TextField label={t('audit.ip')} dir="ltr" {...field('ip')} />
        <TextField label={t('audit.route')} hint={t('audit.routeHint')} dir="ltr" {...field('route')} />
        {role === 'dpo' ? (
          <PersonOfId
            label={t('audit.affected')}
            hint={t('search.personHint')}
            id={values.affected || null}
            onPerson={(chosen) => setValues((all) => ({ ...all, affected: chosen?.id ?? '' }))}
          />
        ) : (
          // Auditors see no names, so they search by id.
          <TextField label={t('audit.affectedId')} hint={t('audit.affectedHint')} dir="ltr" {...field('affected')} />
        )}
        <div class="actions start">
          <Button label={t('audit.search')} submit kind="primary" />
          <Button
            label={t('filters.clear')}
            onClick={() => {
              setValues(EMPTY);
              search(EMPTY);
            }}
          />
        </div>
      </Form>
      <DataTable
        id="audit"
        search={null}
        exports={false}
        pages={pages}
        caption={t('audit.nav')}
        rowKey={(r) => String(r.position)}
        empty={{ title: t('audit.none') }}
        tone={(r) => (r.outcome in DONE ? undefined : 'warn')}
        columns={{
          position: { label: t('audit.at'), numeric: true, names: true, cell: (r) => <Moment at={r.at} /> },
          who: {
            label: t('audit.who'),
            heads: true,
            sort: whoOf,
            cell: (r) => (
              <div>
                <p dir="auto">
                  {r.role === 'device' && r.actor !== null ? (
                    <KioskLink id={r.actor} name={whoOf(r)} />
                  ) : r.email ? (
                    <Email of={r.email} />
                  ) : (
                    whoOf(r)
                  )}
                </p>
                {r.ip && (
                  <p class="muted small">
                    <bdi dir="ltr">{r.ip}</bdi>
                  </p>
                )}
              </div>
            ),
          },
          action: { label: t('audit.action'), names: true, sort: (r) => codeLabel('audit.actions', r.action) },
          what: {
            label: t('audit.what'),
            sort: (r) => r.route,
            cell: (r) => (
              <div>
                <code class="small" dir="ltr">
                  {r.route}
                </code>
                <p class="muted small">{kindsLabel(r.data)}</p>
              </div>
            ),
          },
          people: {
            label: t('audit.people'),
            numeric: true,
            sort: (r) => (r.everyone ? Number.POSITIVE_INFINITY : r.count),
            cell: (r) => (r.everyone ? t('audit.everyone') : r.count),
          },
          outcome: {
            label: t('audit.outcome'),
            choice: (r) => [r.outcome, outcomeOf(r)],
            cell: (r) => (
              <>
                {/* The row's number is needed: one reader may cause two rows of a kind within a second. */}
                <DialogButton
                  as={RowButton}
                  size="small"
                  label={t(keyOr(`audit.outcomes.${r.outcome}`, 'audit.outcomes.refused'))}
                  of={t('audit.row', { position: r.position })}
                  title={t('audit.row', { position: r.position })}
                  wide
                >
                  <Detail row={r} role={role} />
                </DialogButton>
                {!(r.outcome in DONE) && (
                  <code class="muted small" dir="ltr">
                    {r.outcome}
                  </code>
                )}
              </>
            ),
          },
        }}
      />
    </PageFrame>
  );
}

function Detail({ row, role }: { row: Row; role: Role }) {
  const found = useRead(audit.getAuditRow, { params: { position: row.position } });
  return (
    <div class="stack">
      <dl class="facts">
        <Fact name={t('audit.at')} value={<Moment at={row.at} />} />
        <Fact
          name={t('audit.who')}
          dir="auto"
          value={
            <>
              {codeLabel('audit.roles', row.role)} {row.email ?? row.name ?? row.actor ?? ''}
            </>
          }
        />
        <Fact
          name={t('audit.what')}
          dir="ltr"
          value={
            <>
              {row.route} {row.resource ?? ''}
            </>
          }
        />
        <Fact name={t('audit.browser')} dir="ltr" class="long-text" value={row.userAgent ?? '–'} />
      </dl>
      <Reading of={found} rows={2} />
      {found.value && (
        <>
          <h3>{t('audit.about')}</h3>
          {row.everyone && <p>{t('audit.everyone')}</p>}
          <ul class="ids">
            {found.value.people.map((id) => (
              <li key={id} dir="ltr">
                {/* Auditors can't open a person's page. */}
                {role === 'dpo' ? <PersonLink id={id} name={id} /> : id}
              </li>
            ))}
          </ul>
          {found.value.unknown > 0 && <p class="muted">{t('audit.erased', { count: found.value.unknown })}</p>}
        </>
      )}
    </div>
  );
}

interface Progress {
  readonly rows: number;
  readonly faults: readonly { code: string; position: number; message: string }[];
  readonly done: boolean;
}

/** Verifies the chain from its beginning, part by part, then its external anchors. */
function Verify() {
  const [progress, setProgress] = useState<Progress | null>(null);
  const [anchors, setAnchors] = useState<z.output<typeof audit.AnchorsAnswer> | null>(null);
  const { busy, error, run } = useWrite();
  const verify = () =>
    run(async () => {
      let state: Progress = { rows: 0, faults: [], done: false };
      setAnchors(null);
      setProgress(state);
      let from: z.output<typeof audit.VerifyAnswer>['next'] = null;
      do {
        const part: Answer<z.output<typeof audit.VerifyAnswer>> = await api(audit.verifyAudit, { body: { from } });
        if (!part.ok) return part;
        from = part.value.next;
        const { rows, faults } = part.value;
        state = { rows: state.rows + rows, faults: [...state.faults, ...faults], done: from === null };
        setProgress(state);
      } while (from !== null);
      const compared = await api(audit.compareAnchors);
      if (compared.ok) setAnchors(compared.value);
      return compared;
    });
  const faults = [...(progress?.faults ?? []), ...(anchors?.faults ?? [])];
  const whole = progress?.done && anchors && faults.length === 0;
  return (
    <div class="stack">
      <p>{t('audit.verifyText')}</p>
      <ErrorNote error={error} />
      {progress && (
        <p role="status" class="tabular">
          {t('audit.verified', { count: progress.rows })}
        </p>
      )}
      {whole && (
        <div class="note" data-kind="good">
          <IconShield />
          <p class="note-title">{t('audit.whole')}</p>
        </div>
      )}
      {faults.length > 0 && (
        <div class="note" data-kind="bad" role="alert">
          <div>
            <p class="note-title">{t('audit.broken')}</p>
            <ul>
              {faults.map((f) => (
                <li key={`${f.position} ${f.code}`} lang="en" dir="ltr">
                  {f.position}: {f.message}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      {anchors && (
        <p class="muted small">
          {t('audit.anchors', {
            database: anchors.anchors.database,
            folder: anchors.anchors.folder,
            objects: anchors.anchors.objects ?? '–',
          })}
        </p>
      )}
      <div class="actions">
        <Button label={t(busy ? 'audit.verifying' : 'audit.verify')} kind="primary" disabled={busy} onClick={verify} />
      </div>
    </div>
  );
}
