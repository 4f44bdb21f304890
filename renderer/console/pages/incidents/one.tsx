import { useState } from 'preact/hooks';
import { type DataKind, dataKinds } from '../../../../sync/protocol/api/data-kinds.ts';
import * as incidents from '../../../../sync/protocol/api/incidents.ts';
import { Button } from '../../../shared/button.tsx';
import { directionOf, listed } from '../../../shared/i18n.ts';
import { IconPrint } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { confirm } from '../../../shared/web/confirm.tsx';
import { AreaField, CheckField, CheckFields, SelectField, useCheck, useFields } from '../../../shared/web/form.tsx';
import { now } from '../../../shared/web/now.ts';
import { Badge, DialogButton, Fact, Note, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { kindsLabel, Moment, moment } from '../../parts/labels.tsx';
import { MomentField, useMoment } from '../../parts/moment-field.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { Reading } from '../../parts/reading.tsx';
import { kiosks, zoneOf } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';
import { AffectedPanel } from './scope.tsx';
import { Timeline } from './timeline.tsx';

const TEXT_FIELDS = ['description', 'consequences', 'measures', 'authorityReason', 'peopleReason'] as const;
const TIMES = ['foundAt', 'beganAt', 'endedAt'] as const;
/** One incident: its deadline, its documentation, the people it affects, the actions taken. */
export function IncidentView({ id, role }: { id: string; role: Role }) {
  const found = useRead(incidents.getIncident, { params: { incident: id } });
  const { busy, error, run } = useWrite();
  const incident = found.value;
  const may = role !== 'auditor' && incident?.state !== 'closed';
  const close = () =>
    run(() => api(incidents.closeIncident, { params: { incident: id } }), {
      ask: {
        title: t('incidents.close'),
        text: t('incidents.closeText'),
        danger: true,
        word: t('incidents.closeWord'),
      },
      say: () => t('incidents.closed'),
      done: found.reload,
    });
  return (
    <PageFrame
      title={incident?.title ?? t('incidents.nav')}
      actions={
        <>
          <BackButton to="incidents">{t('incidents.back')}</BackButton>
          <Button icon={<IconPrint />} label={t('print')} onClick={() => print()} />
          {may && (
            <>
              <Button label={t('incidents.close')} disabled={busy} onClick={close} />
              <DialogButton kind="primary-danger" label={t('incidents.contain')} wide>
                <Contain id={id} onDone={found.reload} />
              </DialogButton>
            </>
          )}
        </>
      }
    >
      <Reading of={found} rows={8} error={error} />
      {incident && (
        <>
          <Panel title={t('incidents.clock')} aside={<Badge>{t(`incidents.state.${incident.state}`)}</Badge>}>
            <ClockPanel clock={incident.clock} foundAt={incident.foundAt} />
            <dl class="facts">
              <Fact name={t('incidents.severity')} value={t(`incidents.is.${incident.severity}`)} />
              {([...TIMES, 'containedAt', 'authorityAt', 'peopleAt', 'closedAt'] as const).map((name) => (
                <Fact key={name} name={t(`incidents.${name}`)} value={<Moment at={incident[name]} />} />
              ))}
            </dl>
            {may && (
              <div class="actions start">
                {(['authority', 'people'] as const).map((to) => (
                  <DialogButton key={to} label={t(`incidents.draft.${to}`)} wide>
                    <Draft id={id} to={to} />
                  </DialogButton>
                ))}
                {(['authority', 'people'] as const).map(
                  (to) =>
                    !incident[`${to}At` as const] && (
                      <DialogButton key={to} label={t(`incidents.notified.${to}`)}>
                        <Notified id={id} to={to} onDone={found.reload} />
                      </DialogButton>
                    ),
                )}
              </div>
            )}
          </Panel>
          <Panel
            title={t('incidents.record')}
            aside={
              may && (
                <DialogButton label={t('people.edit')} title={t('incidents.record')} wide>
                  <Write incident={incident} onDone={found.reload} />
                </DialogButton>
              )
            }
          >
            <dl class="facts tall">
              <Fact name={t('incidents.data')} value={kindsLabel(incident.data) || t('incidents.notWritten')} />
              {TEXT_FIELDS.map((name) => (
                <Fact
                  key={name}
                  name={t(`incidents.text.${name}`)}
                  dir="auto"
                  value={incident[name] || t('incidents.notWritten')}
                />
              ))}
            </dl>
          </Panel>
          <AffectedPanel incident={incident} role={role} may={may} onDone={found.reload} />
          <Timeline incident={incident} may={may} onDone={found.reload} />
        </>
      )}
    </PageFrame>
  );
}

function Write({ incident, onDone }: { incident: incidents.Incident; onDone: () => void }) {
  const texts = Object.fromEntries(TEXT_FIELDS.map((name) => [name, incident[name]]));
  const { values, field } = useFields<string>({ severity: incident.severity, ...texts }, incidents.ChangeIncident);
  const zone = zoneOf();
  const times = {
    foundAt: useMoment(incident.foundAt, zone),
    beganAt: useMoment(incident.beganAt, zone),
    endedAt: useMoment(incident.endedAt, zone),
  };
  const [data, setData] = useState<readonly DataKind[]>(incident.data);
  const edited = {
    severity: values.severity as incidents.Incident['severity'],
    data: [...data].sort(),
    ...Object.fromEntries(TEXT_FIELDS.map((name) => [name, values[name]!])),
    ...Object.fromEntries(TIMES.map((name) => [name, times[name].at])),
  };
  const changed = Object.fromEntries(
    Object.entries(edited).filter(([name, value]) => String(value) !== String(incident[name as keyof typeof edited])),
  );
  return (
    <WriteForm
      write={() => {
        const body = { version: incident.version, ...changed };
        return api(incidents.changeIncident, { params: { incident: incident.id }, body });
      }}
      say={() => t('people.saved')}
      done={onDone}
      action={t('people.save')}
    >
      <SelectField
        label={t('incidents.severity')}
        {...field('severity')}
        options={incidents.Severity.options.map((s) => [s, t(`incidents.is.${s}`)])}
      />
      {TIMES.map((name) => (
        <MomentField key={name} label={t(`incidents.${name}`)} required={name === 'foundAt'} moment={times[name]} />
      ))}
      {TEXT_FIELDS.map((name) => (
        <AreaField key={name} label={t(`incidents.text.${name}`)} rows={4} {...field(name)} />
      ))}
      <fieldset class="plain">
        <legend>{t('incidents.data')}</legend>
        <div class="choices">
          <CheckFields
            options={dataKinds.map((kind) => [kind, t(`dataKinds.${kind}`)])}
            chosen={data}
            onChosen={setData}
          />
        </div>
      </fieldset>
    </WriteForm>
  );
}

function Notified({ id, to, onDone }: { id: string; to: 'authority' | 'people'; onDone: () => void }) {
  const moment = useMoment(new Date().toISOString(), zoneOf());
  return (
    <WriteForm
      write={() => api(incidents.recordNotified, { params: { incident: id }, body: { to, at: moment.at! } })}
      say={() => t('incidents.noted')}
      undo={() => api(incidents.recordNotified, { params: { incident: id }, body: { to, at: null } })}
      done={onDone}
      ready={moment.at !== null}
      action={t(`incidents.notified.${to}`)}
    >
      <MomentField label={t(`incidents.${to}At`)} required moment={moment} />
    </WriteForm>
  );
}

/** New keys, kiosks revoked, sessions ended: done at once, and each recorded. */
function Contain({ id, onDone }: { id: string; onDone: () => void }) {
  const rotate = useCheck(true);
  const sessions = useCheck(true);
  const [devices, setDevices] = useState<readonly string[]>([]);
  return (
    <WriteForm
      write={() =>
        api(incidents.containIncident, {
          params: { incident: id },
          body: {
            rotate: rotate.checked ? (['signing', 'sealing'] as const) : [],
            devices,
            everySession: sessions.checked,
          },
        })
      }
      ask={{
        title: t('incidents.contain'),
        text: [
          devices.length > 0 && t('incidents.containKiosks', { count: devices.length }),
          sessions.checked && t('incidents.containSessions'),
          rotate.checked && t('incidents.containKeys'),
          t('incidents.containEnd'),
        ]
          .filter(Boolean)
          .join(' '),
        danger: true,
        word: t('incidents.containWord'),
      }}
      // After ending all sessions the user is signed out too, but still sees the result.
      done={(result) => {
        const subject = <Result of={result} />;
        void confirm({ title: t('incidents.contain'), subject, action: t('close'), keep: null }).then(onDone);
      }}
      action={t('incidents.contain')}
      danger
    >
      <p>{t('incidents.containText')}</p>
      <CheckField label={t('incidents.rotate')} {...rotate} />
      <CheckField label={t('incidents.sessions')} hint={t('incidents.sessionsHint')} {...sessions} />
      <fieldset class="plain">
        <legend>{t('incidents.revokeKiosks')}</legend>
        <CheckFields
          options={kiosks.value.filter((k) => k.status === 'approved').map((k) => [k.id, k.name])}
          chosen={devices}
          onChosen={setDevices}
        />
      </fieldset>
    </WriteForm>
  );
}

/** What was done, what was not and why, and what no server can do. */
const Result = ({ of: { done, failed, next } }: { of: incidents.Contained }) => (
  <ul class="stack" lang="en" dir="ltr">
    {done.map((what) => (
      <li key={what}>✓ {what}</li>
    ))}
    {failed.map((f) => (
      <li key={f.what}>
        ✗ {f.what}: {f.message}
      </li>
    ))}
    {next.map((what) => (
      <li key={what}>→ {what}</li>
    ))}
  </ul>
);

function Draft({ id, to }: { id: string; to: 'authority' | 'people' }) {
  const language = incidents.NoticeLanguage.safeParse(document.documentElement.lang).data ?? 'en';
  const found = useRead(incidents.getIncidentNotice, { params: { incident: id }, query: { to, language } });
  const value = found.value;
  if (!value) return <Reading of={found} rows={8} />;
  return (
    <div class="stack">
      {value.missing.length > 0 && (
        <Note kind="warn">
          {t('incidents.missing', { what: listed(value.missing) })}
          {!value.contacts && (
            <>
              {' '}
              <a class="text-link" href="#/settings">
                {t('serverChecks.contacts-missing')}
              </a>
            </>
          )}
        </Note>
      )}
      <pre class="draft" lang={language} dir={directionOf(language)}>
        {value.text}
      </pre>
      <div class="actions start">
        <CopyButton text={value.text} />
      </div>
    </div>
  );
}

/** Formats the hours and minutes until, or since, the deadline for the authority. */
const left = (ms: number): string => {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
};

/** The running 72 hours of Art. 33 GDPR. */
export function ClockBadge({ clock }: Pick<incidents.Incident, 'clock'>) {
  const ms = Date.parse(clock.dueAt) - now.value;
  const runs = clock.state === 'running' || clock.state === 'overdue';
  const state = runs ? (ms < 0 ? 'overdue' : 'running') : clock.state;
  return (
    <span
      class="badge tabular"
      data-kind={state === 'overdue' || state === 'late' ? 'bad' : state === 'running' ? 'warn' : 'good'}
    >
      {t(`incidents.clockIs.${state}`, { left: left(ms) })}
    </span>
  );
}

/** How much of the time has passed, displayed large. */
function ClockPanel({ clock, foundAt }: Pick<incidents.Incident, 'clock' | 'foundAt'>) {
  const total = Date.parse(clock.dueAt) - Date.parse(foundAt);
  const gone = Math.min(total, Math.max(0, now.value - Date.parse(foundAt)));
  const runs = clock.state === 'running' || clock.state === 'overdue';
  return (
    <div class="clock-panel">
      <p>
        <ClockBadge clock={clock} /> {runs && <span>{t('incidents.due', { at: moment(clock.dueAt) })}</span>}
      </p>
      {runs && <progress class="bar" max={total} value={gone} aria-label={t('incidents.clock')} />}
    </div>
  );
}
