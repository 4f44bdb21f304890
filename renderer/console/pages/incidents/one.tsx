import { useState } from 'preact/hooks';
import {
  addIncidentScope,
  type Contained,
  changeIncident,
  closeIncident,
  containIncident,
  getIncident,
  getIncidentNotice,
  type Incident,
  IncidentScope,
  listAffected,
  NoticeLanguage,
  recordNotified,
  removeIncidentScope,
} from '../../../../sync/protocol/api/incidents.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { AreaField, CheckField, ErrorNote, TextField } from '../../../shared/web/form.tsx';
import { Badge, Fact } from '../../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/moment.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { PersonLink } from '../../parts/person-link.tsx';
import { Reading, RowButton, Skeleton } from '../../parts/table.tsx';
import { kiosks, zoneOf } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';
import { instantAt } from '../../state/zone.ts';
import { ClockPanel } from './clock.tsx';
import { Timeline } from './timeline.tsx';

const TEXT_FIELDS = ['description', 'consequences', 'measures', 'authorityReason', 'peopleReason'] as const;
type Task = 'write' | 'scope' | 'contain' | 'affected' | 'authority' | 'people';

/** One incident: its clock, what is written about it, who it affects, what was done. */
export function IncidentView({ id, role }: { id: string; role: Role }) {
  const found = useResource(id, (signal) => api(getIncident, { params: { incident: id }, signal }));
  const [task, setTask] = useState<Task | null>(null);
  const { busy, error, run } = useWrite();
  const incident = found.value;
  const may = role !== 'auditor' && incident?.state !== 'closed';
  const done = (say: () => string) => {
    setTask(null);
    found.reload();
    toast(say);
  };
  const notified = (to: 'authority' | 'people') =>
    run(() => api(recordNotified, { params: { incident: id }, body: { to, at: new Date().toISOString() } }), {
      ask: { title: t(`incidents.notified.${to}`), text: t('incidents.notifiedText') },
      done: () => done(() => t('incidents.noted')),
    });
  const close = () =>
    run(() => api(closeIncident, { params: { incident: id } }), {
      ask: { title: t('incidents.close'), text: t('incidents.closeText') },
      done: () => done(() => t('incidents.closed')),
    });
  const dropScope = (scope: string) =>
    run(() => api(removeIncidentScope, { params: { incident: id, scope } }), { done: found.reload });
  return (
    <PageFrame
      title={incident?.title ?? t('incidents.nav')}
      actions={
        <>
          <BackButton to="incidents">{t('incidents.back')}</BackButton>
          {may && (
            <>
              <Button disabled={busy} onClick={() => void close()}>
                {t('incidents.close')}
              </Button>
              <Button kind="primary-danger" onClick={() => setTask('contain')}>
                {t('incidents.contain')}
              </Button>
            </>
          )}
        </>
      }
    >
      <Reading of={found} rows={8} error={error} />
      {incident && (
        <>
          <section class="card panel">
            <div class="panel-head">
              <h2>{t('incidents.clock')}</h2>
              <Badge>{t(`incidents.state.${incident.state}`)}</Badge>
            </div>
            <ClockPanel clock={incident.clock} foundAt={incident.foundAt} />
            <dl class="facts">
              <Fact name={t('incidents.severity')}>{t(`incidents.is.${incident.severity}`)}</Fact>
              {(['foundAt', 'containedAt', 'authorityAt', 'peopleAt', 'closedAt'] as const).map((name) => (
                <Fact key={name} name={t(`incidents.${name}`)}>
                  <Moment at={incident[name]} />
                </Fact>
              ))}
            </dl>
            {may && (
              <div class="actions start">
                {(['authority', 'people'] as const).map((to) => (
                  <Button key={to} onClick={() => setTask(to)}>
                    {t(`incidents.draft.${to}`)}
                  </Button>
                ))}
                {!incident.authorityAt && (
                  <Button onClick={() => void notified('authority')}>{t('incidents.notified.authority')}</Button>
                )}
                {!incident.peopleAt && (
                  <Button onClick={() => void notified('people')}>{t('incidents.notified.people')}</Button>
                )}
              </div>
            )}
          </section>
          <section class="card panel">
            <div class="panel-head">
              <h2>{t('incidents.record')}</h2>
              {may && <Button onClick={() => setTask('write')}>{t('people.edit')}</Button>}
            </div>
            <dl class="facts tall">
              {TEXT_FIELDS.map((name) => (
                <Fact key={name} name={t(`incidents.text.${name}`)} dir="auto">
                  {incident[name] || t('incidents.notWritten')}
                </Fact>
              ))}
            </dl>
          </section>
          <section class="card panel">
            <div class="panel-head">
              <h2>{t('incidents.affected')}</h2>
              {may && <Button onClick={() => setTask('scope')}>{t('incidents.addScope')}</Button>}
            </div>
            <p class="muted">{t('incidents.affectedText')}</p>
            <ul>
              {incident.scopes.map(({ id: scope, scope: conditions }) => (
                <li key={scope} class="setting">
                  <code class="small long-text" dir="ltr" id={`scope-${scope}`}>
                    {Object.entries(conditions)
                      .map(([name, value]) => `${name} ${value}`)
                      .join(', ')}
                  </code>
                  {may && (
                    <RowButton of={`scope-${scope}`} onClick={() => void dropScope(scope)}>
                      {t('incidents.dropScope')}
                    </RowButton>
                  )}
                </li>
              ))}
            </ul>
            {role === 'dpo' && incident.scopes.length > 0 && (
              <div class="actions start">
                <Button onClick={() => setTask('affected')}>{t('incidents.showAffected')}</Button>
              </div>
            )}
          </section>
          <Timeline incident={incident} may={may} onDone={found.reload} />
          {task === 'write' && (
            <Dialog title={t('incidents.record')} wide onClose={() => setTask(null)}>
              <Write incident={incident} onDone={() => done(() => t('people.saved'))} />
            </Dialog>
          )}
          {task === 'scope' && (
            <Dialog title={t('incidents.addScope')} onClose={() => setTask(null)}>
              <AddScope id={id} onDone={() => done(() => t('people.saved'))} />
            </Dialog>
          )}
          {task === 'contain' && (
            <Dialog title={t('incidents.contain')} wide onClose={() => setTask(null)}>
              <Contain id={id} onDone={found.reload} />
            </Dialog>
          )}
          {task === 'affected' && (
            <Dialog title={t('incidents.affected')} wide onClose={() => setTask(null)}>
              <Affected id={id} />
            </Dialog>
          )}
          {(task === 'authority' || task === 'people') && (
            <Dialog title={t(`incidents.draft.${task}`)} wide onClose={() => setTask(null)}>
              <Draft id={id} to={task} />
            </Dialog>
          )}
        </>
      )}
    </PageFrame>
  );
}

function Write({ incident, onDone }: { incident: Incident; onDone: () => void }) {
  const [values, setValues] = useState<Record<(typeof TEXT_FIELDS)[number], string>>({ ...incident });
  return (
    <WriteForm
      write={() => {
        const changed = Object.fromEntries(
          TEXT_FIELDS.flatMap((w) => (values[w] === incident[w] ? [] : [[w, values[w]]])),
        );
        const body = { version: incident.version, ...changed };
        return api(changeIncident, { params: { incident: incident.id }, body });
      }}
      done={onDone}
      action={t('people.save')}
    >
      {TEXT_FIELDS.map((name) => (
        <AreaField
          key={name}
          label={t(`incidents.text.${name}`)}
          rows={4}
          maxLength={10_000}
          value={values[name]}
          onValue={(value) => setValues({ ...values, [name]: value })}
        />
      ))}
    </WriteForm>
  );
}

/** Which rows of the audit log show who it affected. */
function AddScope({ id, onDone }: { id: string; onDone: () => void }) {
  const [values, setValues] = useState({ from: '', to: '', who: '', route: '', data: '' });
  const zone = zoneOf();
  const field = (name: keyof typeof values) => ({
    value: values[name],
    onValue: (value: string) => setValues({ ...values, [name]: value }),
  });
  const given = Object.fromEntries(
    Object.entries({
      ...values,
      from: values.from && instantAt(values.from, '00:00', zone),
      to: values.to && instantAt(values.to, '00:00', zone),
    }).filter(([, v]) => v),
  );
  const parsed = IncidentScope.safeParse(given);
  return (
    <WriteForm
      write={() => api(addIncidentScope, { params: { incident: id }, body: parsed.data! })}
      done={onDone}
      ready={parsed.success}
      action={t('incidents.addScope')}
    >
      <p class="muted">{t('incidents.scopeText')}</p>
      <TextField label={t('audit.from')} type="date" dir="ltr" {...field('from')} />
      <TextField label={t('audit.before')} type="date" dir="ltr" {...field('to')} />
      <TextField label={t('incidents.scopeWho')} hint={t('incidents.scopeWhoHint')} dir="ltr" {...field('who')} />
      <TextField label={t('audit.route')} hint={t('audit.routeHint')} dir="ltr" {...field('route')} />
      <TextField label={t('incidents.scopeData')} dir="ltr" {...field('data')} />
    </WriteForm>
  );
}

/** New keys, kiosks out, sessions ended: at once, and each noted. */
function Contain({ id, onDone }: { id: string; onDone: () => void }) {
  const [rotate, setRotate] = useState(true);
  const [sessions, setSessions] = useState(true);
  const [devices, setDevices] = useState<readonly string[]>([]);
  const [result, setResult] = useState<Contained | null>(null);
  if (result)
    return (
      <div class="stack" lang="en" dir="ltr">
        <ul>
          {result.done.map((what) => (
            <li key={what}>✓ {what}</li>
          ))}
          {result.failed.map((f) => (
            <li key={f.what}>
              ✗ {f.what}: {f.message}
            </li>
          ))}
          {result.next.map((what) => (
            <li key={what}>→ {what}</li>
          ))}
        </ul>
      </div>
    );
  return (
    <WriteForm
      write={() =>
        api(containIncident, {
          params: { incident: id },
          body: { rotate: rotate ? (['signing', 'sealing'] as const) : [], devices, everySession: sessions },
        })
      }
      ask={{ title: t('incidents.contain'), text: t('incidents.containSure'), danger: true }}
      done={(value) => {
        setResult(value);
        onDone();
      }}
      keepOpen
      action={t('incidents.contain')}
      danger
    >
      <p>{t('incidents.containText')}</p>
      <CheckField label={t('incidents.rotate')} checked={rotate} onChecked={setRotate} />
      <CheckField
        label={t('incidents.sessions')}
        hint={t('incidents.sessionsHint')}
        checked={sessions}
        onChecked={setSessions}
      />
      <fieldset class="plain">
        <legend>{t('incidents.revokeKiosks')}</legend>
        {kiosks.value
          .filter((k) => k.status === 'approved')
          .map((k) => (
            <CheckField
              key={k.id}
              label={k.name}
              checked={devices.includes(k.id)}
              onChecked={(on) => setDevices(on ? [...devices, k.id] : devices.filter((d) => d !== k.id))}
            />
          ))}
      </fieldset>
    </WriteForm>
  );
}

function Affected({ id }: { id: string }) {
  const found = useResource(`affected ${id}`, (signal) => api(listAffected, { params: { incident: id }, signal }));
  const value = found.value;
  if (!value) return found.error ? <ErrorNote error={found.error} onRetry={found.reload} /> : <Skeleton rows={5} />;
  return (
    <div class="stack">
      <p>{t('incidents.affectedCount', { count: value.people.length, rows: value.rows })}</p>
      {value.everyone && <p class="note">{t('incidents.affectedAll')}</p>}
      {value.unknown > 0 && <p class="muted">{t('audit.erased', { count: value.unknown })}</p>}
      <ul>
        {value.people.map((p) => (
          <li key={p.person} class="setting">
            <div>
              <PersonLink id={p.person} name={p.name} />
              <p class="muted small" dir="ltr">
                <bdi>{p.email ?? '–'}</bdi> · {p.data.join(', ')}
              </p>
            </div>
            <Moment at={p.last} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Draft({ id, to }: { id: string; to: 'authority' | 'people' }) {
  const language = NoticeLanguage.safeParse(document.documentElement.lang).data ?? 'en';
  const found = useResource(`${id} ${to}`, (signal) =>
    api(getIncidentNotice, {
      params: { incident: id },
      query: { to, language },
      signal,
    }),
  );
  const value = found.value;
  if (!value) return found.error ? <ErrorNote error={found.error} onRetry={found.reload} /> : <Skeleton rows={8} />;
  return (
    <div class="stack">
      {value.missing.length > 0 && (
        <div class="note" data-kind="warn">
          <p>{t('incidents.missing', { what: value.missing.join(', ') })}</p>
        </div>
      )}
      <pre class="draft" lang={language} dir={language === 'ar' ? 'rtl' : 'ltr'}>
        {value.text}
      </pre>
    </div>
  );
}
