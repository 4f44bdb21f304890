import { useState } from 'preact/hooks';
import { createPersonLink } from '../../../../sync/protocol/api/accounts.ts';
import { requestErasure } from '../../../../sync/protocol/api/erasures.ts';
import {
  changePerson,
  countTemplates,
  deleteTemplates,
  getMinor,
  getPerson,
  getPersonStaff,
  type Person,
  PersonPatch,
  setPersonSites,
} from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { IconErase, IconFace, IconQr, IconSearch } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { CheckField, ErrorNote, SelectField } from '../../../shared/web/form.tsx';
import { Fact } from '../../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../../shared/web/resource.ts';
import { go } from '../../../shared/web/router.ts';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';
import { codeLabel, staffByLabel } from '../../parts/labels.ts';
import { Moment } from '../../parts/moment.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { PersonFacts, PersonFields, textFields } from '../../parts/person-fields.tsx';
import { Reading } from '../../parts/table.tsx';
import { Svg } from '../../shell/enrol.tsx';
import { kioskName, siteOf, sites } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';
import { AUDITORS } from '../audit.tsx';
import { CardsPanel } from './cards.tsx';
import { ConsentPanel } from './consent.tsx';
import { languageName, languageOptions } from './languages.ts';
import { MinorPanel } from './minor.tsx';
import { PinCodePanel } from './pin-code.tsx';

/** One person: who they are, what they have agreed to, what is held of them, and what can be done about it. */
export function PersonPage({ person: id, role }: { person: string; role: Role }) {
  const found = useResource(id, (signal) => api(getPerson, { params: { person: id }, signal }));
  const minor = useResource(`${id} minor`, (signal) => api(getMinor, { params: { person: id }, signal }));
  const [task, setTask] = useState<'edit' | 'link' | 'sites' | null>(null);
  const person = found.value;
  const mayWrite = role !== 'dpo';
  const mayErase = role !== 'staff';
  const mayAudit = AUDITORS.includes(role);
  const reload = () => {
    found.reload();
    minor.reload();
  };
  const title = person?.name ?? t('people.unnamed');
  return (
    <PageFrame
      title={person ? title : t('people.nav')}
      actions={
        <>
          <BackButton to="people">{t('people.back')}</BackButton>
          {person && mayWrite && (
            <Button kind="primary" onClick={() => go(`people/${id}/enrol`)}>
              <IconFace />
              {t('people.enrol')}
            </Button>
          )}
        </>
      }
    >
      <Reading of={found} rows={6} />
      {person && (
        <>
          <section class="card panel">
            <div class="panel-head">
              <h2>{t('people.profile')}</h2>
              <Button onClick={() => setTask('edit')}>{t('people.edit')}</Button>
            </div>
            <dl class="facts">
              <PersonFacts person={person} />
              <Fact name={t('people.language')}>{person.language ? languageName(person.language) : '–'}</Fact>
              <Fact name={t('people.gps')}>{t(person.gpsOptOut ? 'people.gpsOff' : 'people.gpsOn')}</Fact>
              <Fact name={t('people.site')}>
                {person.sites.map((s) => siteOf(s)?.name ?? '–').join(', ') || t('people.noSite')}
              </Fact>
              <Fact name={t('people.changed')}>
                <Moment at={person.updatedAt} />
              </Fact>
            </dl>
            {mayWrite && sites.value.length > 1 && (
              <div class="actions start">
                <Button onClick={() => setTask('sites')}>{t('people.sites')}</Button>
              </div>
            )}
          </section>
          <ConsentPanel person={person} minor={minor.value?.minor ?? null} mayGive={mayWrite} onChange={reload} />
          <MinorPanel person={id} minor={minor.value?.minor ?? null} mayWrite={mayWrite} onChange={reload} />
          <Faces person={person} onChange={reload} />
          <CardsPanel person={id} mayWrite={mayWrite} />
          {mayWrite && <PinCodePanel person={id} hasNumber={person.number !== null} />}
          <StaffPanel person={id} />
          <section class="card panel">
            <h2>{t('people.own')}</h2>
            <p class="muted">{t('people.ownText')}</p>
            <div class="actions start">
              <Button onClick={() => setTask('link')}>
                <IconQr />
                {t('people.link')}
              </Button>
            </div>
          </section>
          {mayAudit && (
            <section class="card panel">
              <h2>{t('people.seen')}</h2>
              <p class="muted">{t('people.seenText')}</p>
              <div class="actions start">
                <Button onClick={() => go(`audit/${id}`)}>
                  <IconSearch />
                  {t('people.seenShow')}
                </Button>
              </div>
            </section>
          )}
          {mayErase && <Erase person={person} />}
          {task === 'edit' && (
            <Dialog title={t('people.edit')} onClose={() => setTask(null)}>
              <Edit person={person} onDone={reload} />
            </Dialog>
          )}
          {task === 'sites' && (
            <Dialog title={t('people.sites')} onClose={() => setTask(null)}>
              <Sites person={person} onDone={reload} />
            </Dialog>
          )}
          {task === 'link' && (
            <Dialog title={t('people.link')} onClose={() => setTask(null)}>
              <Link person={person} />
            </Dialog>
          )}
        </>
      )}
    </PageFrame>
  );
}

function Edit({ person, onDone }: { person: Person; onDone: () => void }) {
  const [values, setValues] = useState<Record<string, string>>(
    Object.fromEntries([...textFields, 'language' as const].map((f) => [f, person[f] ?? ''])),
  );
  const [gpsOptOut, setGps] = useState(person.gpsOptOut);
  const field = (name: string) => ({
    value: values[name] ?? '',
    onValue: (value: string) => setValues({ ...values, [name]: value }),
  });
  return (
    <WriteForm
      write={() => {
        const patch = Object.fromEntries(
          [...textFields, 'language'].flatMap((f) => {
            const value = values[f]!.trim() || null;
            return value === person[f as 'name'] || (f === 'name' && value === null) ? [] : [[f, value]];
          }),
        );
        const given = { version: person.version, ...patch, gpsOptOut };
        // What the shape refuses goes as it is: the server says what is wrong with it.
        const body = PersonPatch.safeParse(given).data ?? given;
        return api(changePerson, { params: { person: person.id }, body });
      }}
      say={() => t('people.saved')}
      done={onDone}
      action={t('people.save')}
    >
      <PersonFields field={field} />
      <SelectField label={t('people.language')} {...field('language')} options={languageOptions()} />
      <CheckField label={t('people.gpsOptOut')} hint={t('people.gpsHint')} checked={gpsOptOut} onChecked={setGps} />
    </WriteForm>
  );
}

function Sites({ person, onDone }: { person: Person; onDone: () => void }) {
  const [chosen, setChosen] = useState<readonly string[]>(person.sites);
  return (
    <WriteForm
      write={() => api(setPersonSites, { params: { person: person.id }, body: { sites: chosen } })}
      say={() => t('people.saved')}
      done={onDone}
      action={t('people.save')}
    >
      <p class="muted">{t('people.sitesText')}</p>
      {sites.value.map((s) => (
        <CheckField
          key={s.id}
          label={s.name}
          checked={chosen.includes(s.id)}
          onChecked={(on) => setChosen(on ? [...chosen, s.id] : chosen.filter((id) => id !== s.id))}
        />
      ))}
    </WriteForm>
  );
}

/** How many templates there are, by embedder. What they hold never leaves the server. */
function Faces({ person, onChange }: { person: Person; onChange: () => void }) {
  const counts = useResource(`${person.id} ${person.templates}`, (signal) =>
    api(countTemplates, { params: { person: person.id }, signal }),
  );
  const { error, run } = useWrite();
  const remove = () =>
    run(() => api(deleteTemplates, { params: { person: person.id } }), {
      ask: { title: t('people.removeFaces'), text: t('people.removeFacesText'), danger: true },
      say: () => t('people.facesRemoved'),
      done: onChange,
    });
  return (
    <section class="card panel">
      <h2>{t('people.templates')}</h2>
      <ErrorNote error={error ?? counts.error} />
      {counts.value?.models.length === 0 && <p class="muted">{t('people.noFaces')}</p>}
      <ul>
        {counts.value?.models.map((m) => (
          <li key={m.model} class="setting">
            <div>
              <p class="setting-name">{t('people.faceCount', { count: m.count })}</p>
              <p class="muted small">
                <bdi dir="ltr">{m.model}</bdi> · <Moment at={m.newest} />
              </p>
            </div>
          </li>
        ))}
      </ul>
      {(counts.value?.models.length ?? 0) > 0 && (
        <div class="actions start">
          <Button onClick={() => void remove()}>
            <IconErase />
            {t('people.removeFaces')}
          </Button>
        </div>
      )}
    </section>
  );
}

/** A link to the person's own page: it works once, for anyone who opens it first. */
function Link({ person }: { person: Person }) {
  const [mailed, setMailed] = useState(false);
  const [link, setLink] = useState<{ url: string; svg: string; expiresAt: string } | null>(null);
  if (link)
    return (
      <div class="stack">
        <div class="qr">
          <Svg text={link.svg} label={t('people.linkQr')} />
        </div>
        <p class="muted">{t('people.linkOnce')}</p>
        <p dir="ltr" class="long-text">
          {link.url}
        </p>
        <p class="muted small">
          {t('people.until')} <Moment at={link.expiresAt} />
        </p>
      </div>
    );
  return (
    <WriteForm
      write={() => api(createPersonLink, { params: { person: person.id }, body: { send: mailed } })}
      done={setLink}
      keepOpen
      action={t('people.linkMake')}
    >
      <p>{t('people.linkText')}</p>
      {person.email && (
        <CheckField label={t('people.linkSend', { email: person.email })} checked={mailed} onChecked={setMailed} />
      )}
    </WriteForm>
  );
}

function Erase({ person }: { person: Person }) {
  const { busy, error, run } = useWrite();
  const erase = () =>
    run(() => api(requestErasure, { body: { person: person.id } }), {
      ask: { title: t('people.erase'), text: t('people.eraseText'), danger: true, word: t('people.eraseWord') },
      done: (value) => go(`erasures/${value.request}`),
    });
  return (
    <section class="card panel">
      <h2>{t('people.erase')}</h2>
      <p class="muted">{t('people.eraseLead')}</p>
      <ErrorNote error={error} />
      <div class="actions start">
        <Button kind="primary-danger" disabled={busy} onClick={() => void erase()}>
          {t('people.erase')}
        </Button>
      </div>
    </section>
  );
}

/** Who of a kiosk's staff enrolled this person, took the consent or deleted them; nothing where nobody of them did. */
function StaffPanel({ person }: { person: string }) {
  const { value, error } = useResource(person, (signal) => api(getPersonStaff, { params: { person }, signal }));
  if (!error && !value?.items.length) return null;
  return (
    <section class="card panel">
      <h2>{t('people.staffDid.title')}</h2>
      <ErrorNote error={error} />
      <ul>
        {value?.items.map((one) => (
          <li key={one.id} class="setting">
            <div>
              <p class="setting-name">{codeLabel('people.staffDid', `${one.what}-${one.change}`)}</p>
              <p class="muted small">
                <bdi>{staffByLabel(one.by)}</bdi> · <bdi>{kioskName(one.device) ?? '–'}</bdi> · <Moment at={one.at} />
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
