import { AUDIT_ROLES } from '../../../../sync/protocol/api/audit.ts';
import { dataKinds } from '../../../../sync/protocol/api/data-kinds.ts';
import { AUDIT_ACTIONS } from '../../../../sync/protocol/api/endpoint.ts';
import * as incidents from '../../../../sync/protocol/api/incidents.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, SelectField, TextField, useFields } from '../../../shared/web/form.tsx';
import { DialogButton, Fact, Note, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { type Key, t } from '../../i18n.ts';
import { momentColumn, personColumn } from '../../parts/column.tsx';
import { filterOf } from '../../parts/filters.tsx';
import { codeLabel, Email, kindsLabel, Moment } from '../../parts/labels.tsx';
import { Reading } from '../../parts/reading.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { DataTable } from '../../parts/table.tsx';
import { instantAt } from '../../state/clock.ts';
import { zoneOf } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';

/** Label of each condition of a scope. */
const CONDITIONS = {
  from: 'audit.from',
  to: 'audit.before',
  who: 'incidents.scopeWho',
  role: 'audit.role',
  action: 'audit.action',
  route: 'audit.route',
  resource: 'audit.what',
  data: 'incidents.scopeData',
} as const satisfies Record<keyof incidents.IncidentScope, Key>;

/** Who an incident affects: conditions that select rows of the audit log, and the people in those rows. */
export function AffectedPanel({
  incident,
  role,
  may,
  onDone,
}: {
  incident: incidents.Incident;
  role: Role;
  may: boolean;
  onDone: () => void;
}) {
  const { id } = incident;
  const affected = filterOf('affected');
  const { error, run } = useWrite();
  const dropScope = (scope: string, body: incidents.IncidentScope) =>
    run(() => api(incidents.removeIncidentScope, { params: { incident: id, scope } }), {
      say: () => t('webhooks.removed'),
      of: t('incidents.affected'),
      undo: () => api(incidents.addIncidentScope, { params: { incident: id }, body }),
      done: onDone,
    });
  return (
    <Panel
      title={t('incidents.affected')}
      aside={
        may && (
          <DialogButton label={t('incidents.addScope')}>
            <AddScope id={id} onDone={onDone} />
          </DialogButton>
        )
      }
    >
      <p class="muted">{t('incidents.affectedText')}</p>
      <ErrorNote error={error} />
      <ul>
        {incident.scopes.map(({ id: scope, scope: conditions }) => (
          <li key={scope} class="setting">
            <Conditions of={conditions} id={`scope-${scope}`} />
            {may && (
              <RowButton of={`scope-${scope}`} onClick={() => void dropScope(scope, conditions)}>
                {t('incidents.dropScope')}
              </RowButton>
            )}
          </li>
        ))}
      </ul>
      {role === 'dpo' && incident.scopes.length > 0 && (
        <div class="actions start">
          <Button
            label={t('incidents.showAffected')}
            aria-expanded={affected.value !== ''}
            onClick={() => affected.onValue(affected.value ? '' : 'shown')}
          />
        </div>
      )}
      {role === 'dpo' && affected.value && <Affected key={JSON.stringify(incident.scopes)} id={id} />}
    </Panel>
  );
}

/** The conditions of a scope, as text. */
export const Conditions = ({ of, id }: { of: incidents.IncidentScope; id?: string }) => (
  <dl class="facts" id={id}>
    {Object.entries(of).map(([name, value]) => (
      <Fact
        key={name}
        name={t(CONDITIONS[name as keyof typeof CONDITIONS])}
        value={<Condition name={name} value={value} />}
      />
    ))}
  </dl>
);

function Condition({ name, value }: { name: string; value: string }) {
  if (name === 'from' || name === 'to') return <Moment at={value} />;
  if (name === 'data') return codeLabel('dataKinds', value);
  if (name === 'action' || name === 'role') return codeLabel(`audit.${name}s`, value);
  return (
    <bdi class="long-text" dir="ltr">
      {value}
    </bdi>
  );
}

/** Selects rows of the audit log that show who was affected. */
function AddScope({ id, onDone }: { id: string; onDone: () => void }) {
  const { values, field } = useFields(
    { from: '', to: '', who: '', role: '', action: '', route: '', data: '' },
    incidents.IncidentScope,
  );
  const zone = zoneOf();
  const given = Object.fromEntries(
    Object.entries({
      ...values,
      from: values.from && instantAt(values.from, '00:00', zone),
      to: values.to && instantAt(values.to, '00:00', zone),
    }).filter(([, v]) => v),
  );
  const parsed = incidents.IncidentScope.safeParse(given);
  return (
    <WriteForm
      write={() => api(incidents.addIncidentScope, { params: { incident: id }, body: parsed.data! })}
      say={() => t('people.saved')}
      of={t('incidents.affected')}
      done={onDone}
      ready={parsed.success}
      action={t('incidents.addScope')}
    >
      <p class="muted">{t('incidents.scopeText')}</p>
      <TextField label={t('audit.from')} type="date" dir="ltr" {...field('from')} />
      <TextField label={t('audit.before')} type="date" dir="ltr" {...field('to')} />
      <TextField label={t('incidents.scopeWho')} hint={t('incidents.scopeWhoHint')} dir="ltr" {...field('who')} />
      <SelectField
        label={t('audit.role')}
        {...field('role')}
        options={[['', t('any')], ...AUDIT_ROLES.map((role) => [role, codeLabel('audit.roles', role)] as const)]}
      />
      <SelectField
        label={t('audit.action')}
        {...field('action')}
        options={[['', t('any')], ...AUDIT_ACTIONS.map((act) => [act, codeLabel('audit.actions', act)] as const)]}
      />
      <TextField label={t('audit.route')} hint={t('audit.routeHint')} dir="ltr" {...field('route')} />
      <SelectField
        label={t('incidents.scopeData')}
        {...field('data')}
        options={[['', t('any')], ...dataKinds.map((kind) => [kind, t(`dataKinds.${kind}`)] as const)]}
      />
    </WriteForm>
  );
}

function Affected({ id }: { id: string }) {
  const found = useRead(incidents.listAffected, { params: { incident: id } });
  const value = found.value;
  if (!value) return <Reading of={found} rows={5} />;
  return (
    <div class="stack">
      <p>{t('incidents.affectedCount', { count: value.people.length, rows: value.rows })}</p>
      {value.everyone && <Note>{t('incidents.affectedAll')}</Note>}
      {value.unknown > 0 && <p class="muted">{t('audit.erased', { count: value.unknown })}</p>}
      <DataTable
        id="affected"
        beside
        search="here"
        caption={t('incidents.affected')}
        rows={value.people}
        rowKey={(p) => p.person}
        columns={{
          name: personColumn(t('people.name'), 'person'),
          email: { label: t('people.email'), sort: (p) => p.email, cell: (p) => <Email of={p.email ?? '–'} /> },
          data: { label: t('incidents.data'), sort: (p) => kindsLabel(p.data) },
          rows: { label: t('incidents.affectedRows'), numeric: true, sort: (p) => p.rows },
          last: momentColumn(t('incidents.affectedLast'), 'last'),
        }}
      />
    </div>
  );
}
