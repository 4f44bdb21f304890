import { useEffect, useRef, useState } from 'preact/hooks';
import { createPersonLink } from '../../../../sync/protocol/api/accounts.ts';
import { getPersonPicture } from '../../../../sync/protocol/api/enrolment.ts';
import { listErasures, requestErasure } from '../../../../sync/protocol/api/erasures.ts';
import * as people from '../../../../sync/protocol/api/people.ts';
import { getRetention, listHolds } from '../../../../sync/protocol/api/retention.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled, listed } from '../../../shared/i18n.ts';
import { IconErase, IconFace, IconQr, IconSearch } from '../../../shared/icons.tsx';
import { api, fetchFile } from '../../../shared/web/api.ts';
import { CheckField, CheckFields, SelectField, useCheck, useFields } from '../../../shared/web/form.tsx';
import { languageName } from '../../../shared/web/languages.ts';
import { DialogButton, Fact, Note, Panel } from '../../../shared/web/pieces.tsx';
import { useNews, useRead, useResource, useWrite, WriteForm, writes } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { t } from '../../i18n.ts';
import { drawJpeg } from '../../parts/draw.ts';
import { codeLabel, Moment, staffByLabel } from '../../parts/labels.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { askIfTaken, languageOptions, PersonFacts, PersonFields, textFields } from '../../parts/person-fields.tsx';
import { KioskLink, SiteLink, SiteLinks } from '../../parts/place-links.tsx';
import { Reading } from '../../parts/reading.tsx';
import { MadeLink, type OneTimeLink } from '../../shell/enrol.tsx';
import { addDays, dayKeyIn, longDay } from '../../state/clock.ts';
import { siteOptions, sites, zoneOf } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';
import { AUDITORS } from '../audit.tsx';
import { HoldButton } from '../retention.tsx';
import { CardsPanel } from './cards.tsx';
import { ConsentPanel } from './consent.tsx';
import { askAbout } from './contents.ts';
import { MinorPanel } from './minor.tsx';
import { PinCodePanel } from './pin-code.tsx';
import { RecordsPanel } from './records.tsx';
import { ScoresPanel } from './scores.tsx';

/** One person: who they are, their consents, what is stored about them, and the available actions. */
export function PersonPage({ person: id, role }: { person: string; role: Role }) {
  const found = useRead(people.getPerson, { params: { person: id } });
  const minor = useRead(people.getMinor, { params: { person: id } });
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
        <div class="columns">
          <Panel
            title={t('people.profile')}
            aside={
              <DialogButton label={t('people.edit')}>
                <Edit person={person} onDone={reload} />
              </DialogButton>
            }
          >
            <dl class="facts">
              <PersonFacts person={person} />
              <Fact name={t('people.language')} value={person.language ? languageName(person.language) : '–'} />
              <Fact name={t('people.gps')} value={t(person.gpsOptOut ? 'people.gpsOff' : 'people.gpsOn')} />
              <Fact name={t('people.site')} value={<SiteLinks ids={person.sites} none={t('people.noSite')} />} />
              <Fact name={t('people.changed')} value={<Moment at={person.updatedAt} />} />
            </dl>
            {mayWrite && sites.value.length > 1 && (
              <div class="actions start">
                <DialogButton label={t('people.sites')}>
                  <Sites person={person} onDone={reload} />
                </DialogButton>
              </div>
            )}
          </Panel>
          <RecordsPanel person={person} mayCorrect={mayWrite} />
          {/* Wait until it is known whether a guardian has to agree. */}
          {minor.value ? (
            <>
              <ConsentPanel person={person} minor={minor.value.minor} mayGive={mayWrite} onChange={reload} />
              <MinorPanel person={id} minor={minor.value.minor} mayWrite={mayWrite} onChange={reload} />
            </>
          ) : (
            <Panel title={t('people.consent')}>
              <Reading of={minor} rows={3} />
            </Panel>
          )}
          <Faces person={person} maySee={mayWrite} onChange={reload} />
          <ScoresPanel person={id} />
          <CardsPanel person={person} mayWrite={mayWrite} />
          {mayWrite && <PinCodePanel person={person} />}
          <HistoryPanel person={person} />
          <Panel title={t('people.own')}>
            <p class="muted">{t('people.ownText')}</p>
            <div class="actions start">
              <DialogButton icon={<IconQr />} label={t('people.link')}>
                <Link person={person} />
              </DialogButton>
            </div>
          </Panel>
          {mayAudit && (
            <Panel title={t('people.seen')}>
              <p class="muted">{t('people.seenText')}</p>
              <div class="actions start">
                <Button icon={<IconSearch />} label={t('people.seenShow')} onClick={() => go(`audit/${id}`)} />
              </div>
            </Panel>
          )}
          {mayErase && <Erase person={person} />}
        </div>
      )}
    </PageFrame>
  );
}

function Edit({ person, onDone }: { person: people.Person; onDone: () => void }) {
  const names = [...textFields, 'language' as const];
  const { values, field } = useFields(
    Object.fromEntries(names.map((name) => [name, person[name] ?? ''])) as Record<(typeof names)[number], string>,
    people.PersonPatch,
  );
  const gpsOptOut = useCheck(person.gpsOptOut);
  const params = { person: person.id };
  const patch = {
    ...Object.fromEntries(
      names.flatMap((name) => {
        const value = values[name].trim() || null;
        return value === person[name] || (name === 'name' && value === null) ? [] : [[name, value]];
      }),
    ),
    ...(gpsOptOut.checked !== person.gpsOptOut && { gpsOptOut: gpsOptOut.checked }),
  };
  const changed = Object.keys(patch) as ((typeof names)[number] | 'gpsOptOut')[];
  const before = Object.fromEntries(changed.map((name) => [name, person[name]]));
  // Undo can't remove a name, and positions deleted by the opt-out can't be restored.
  const restored = changed.length > 0 && (person.name !== null || !changed.includes('name')) && !patch.gpsOptOut;
  return (
    <WriteForm<people.Person>
      write={() => {
        const given = { version: person.version, ...patch };
        // Invalid input is sent unchanged, so that the server reports what is wrong with it.
        const body = people.PersonPatch.safeParse(given).data ?? given;
        return api(people.changePerson, { params, body });
      }}
      ask={() => askIfTaken(values.number, person)}
      say={() => t('people.saved')}
      of={person.name ?? undefined}
      undo={restored && (({ version }) => api(people.changePerson, { params, body: { ...before, version } }))}
      done={onDone}
      action={t('people.save')}
    >
      <PersonFields field={field} />
      <SelectField label={t('people.language')} {...field('language')} options={languageOptions()} />
      <CheckField label={t('people.gpsOptOut')} hint={t('people.gpsHint')} {...gpsOptOut} />
    </WriteForm>
  );
}

function Sites({ person, onDone }: { person: people.Person; onDone: () => void }) {
  const params = { person: person.id };
  const [before] = useState(person.sites);
  const [chosen, setChosen] = useState<readonly string[]>(before);
  return (
    <WriteForm
      write={() => api(people.setPersonSites, { params, body: { sites: chosen } })}
      say={() => t('people.saved')}
      of={person.name ?? undefined}
      undo={() => api(people.setPersonSites, { params, body: { sites: before } })}
      done={onDone}
      action={t('people.save')}
    >
      <p class="muted">{t('people.sitesText')}</p>
      <CheckFields options={siteOptions()} chosen={chosen} onChosen={setChosen} />
    </WriteForm>
  );
}

/** The number of templates, by embedder. Their contents never leave the server. */
function Faces({ person, maySee, onChange }: { person: people.Person; maySee: boolean; onChange: () => void }) {
  const counts = useResource(`${person.id} ${person.templates}`, (by) =>
    api(people.countTemplates, { params: { person: person.id }, ...by }),
  );
  const { error, run } = useWrite();
  const remove = () =>
    run(() => api(people.deleteTemplates, { params: { person: person.id } }), {
      ask: () =>
        askAbout(person.id, ['templates'], (what) => ({
          title: t('people.removeFaces'),
          text: t('people.removeFacesText', { what }),
          danger: true,
          word: t('people.eraseWord'),
        })),
      say: () => t('people.facesRemoved'),
      done: onChange,
    });
  return (
    <Panel title={t('people.templates')}>
      <Reading of={counts} rows={1} error={error} />
      {counts.value?.models.length === 0 && <p class="muted">{t('people.noFaces')}</p>}
      <ul>
        {counts.value?.models.map((m) => (
          <li key={m.model} class="setting">
            <div>
              <p class="setting-name">
                {t('people.faceCount', { count: m.count })}
                {m.quality !== null && ` · ${t('people.faceQuality', { quality: m.quality })}`}
              </p>
              <p class="muted small">
                <bdi dir="ltr">{m.model}</bdi> · <Moment at={m.newest} />
              </p>
            </div>
          </li>
        ))}
      </ul>
      {maySee && counts.value?.photo && <Portrait key={person.templates} person={person} />}
      {(counts.value?.models.length ?? 0) > 0 && (
        <div class="actions start">
          <Button icon={<IconErase />} label={t('people.removeFaces')} onClick={remove} />
        </div>
      )}
    </Panel>
  );
}

/**
 * Fetched rather than left to the browser, which shows the same address again from its memory: a second look at the person
 * would not be in the audit log, and a new enrolment's picture not be seen.
 */
function Portrait({ person: { id: person, name } }: { person: people.Person }) {
  const found = useResource(person, () => fetchFile(getPersonPicture, { params: { person } }));
  const blob = found.value?.blob;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (blob) void drawJpeg(canvas.current, blob);
  }, [blob]);
  return (
    <>
      <Reading of={found} rows={3} />
      {blob && (
        <canvas
          ref={canvas}
          class="portrait"
          role="img"
          aria-label={t('lookalikes.pictureOf', { name: name ?? t('people.unnamed') })}
        />
      )}
      <p class="muted small">{t('people.portraitText')}</p>
    </>
  );
}

/** A link to the person's own page. It works once, for whichever person opens it first. */
function Link({ person }: { person: people.Person }) {
  const mailed = useCheck(false);
  const [link, setLink] = useState<OneTimeLink | null>(null);
  if (link)
    return (
      <div class="stack">
        <MadeLink link={link}>
          <p class="muted">{t('people.linkOnce')}</p>
        </MadeLink>
      </div>
    );
  return (
    <WriteForm
      write={() => api(createPersonLink, { params: { person: person.id }, body: { send: mailed.checked } })}
      done={setLink}
      keepOpen
      action={t('people.linkMake')}
    >
      <p>{t('people.linkText')}</p>
      {person.email && <CheckField label={t('people.linkSend', { email: person.email })} {...mailed} />}
    </WriteForm>
  );
}

function Erase({ person }: { person: people.Person }) {
  const { busy, error, run } = useWrite();
  const found = useRead(listHolds, { query: { person: person.id } });
  const open = useRead(listErasures, { query: { person: person.id, open: 'true', limit: 1 } });
  const holds = found.value?.items ?? [];
  const [request] = open.value?.items ?? [];
  const erase = () =>
    run(() => api(requestErasure, { body: { person: person.id } }), {
      ask: async () => {
        const kept = await api(getRetention);
        if (!kept.ok) return kept;
        const days = kept.value.erasureUndoDays;
        const undoUntil = longDay(addDays(dayKeyIn(Date.now(), zoneOf()), days));
        return askAbout(person.id, ['records', 'consents', 'templates', 'photos', 'cards'], (what) => ({
          title: t('people.erase'),
          text: [holds.length > 0 && t('people.held'), t('people.eraseText', { what })].filter(Boolean).join(' '),
          subject: days > 0 && (
            <dl class="facts">
              <Fact name={t('erasures.undoUntil')} value={undoUntil} />
            </dl>
          ),
          danger: true,
          word: t('people.eraseWord'),
        }));
      },
      done: (value) => go(`erasures/${value.request}`),
    });
  return (
    <Panel title={t('people.erase')}>
      <p class="muted">{t('people.eraseLead')}</p>
      <Reading of={[open, found]} rows={1} error={error} />
      {holds.length > 0 && (
        <>
          <Note kind="warn">
            {t('people.held')}{' '}
            <a class="text-link" href="#/retention">
              {t('retention.holds')}
            </a>
          </Note>
          <ul>
            {holds.map((hold) => (
              <li key={hold.id} dir="auto">
                {hold.reason}
              </li>
            ))}
          </ul>
        </>
      )}
      {request && (
        <Note>
          <a class="text-link" href={`#/erasures/${request.request}`}>
            {t('erasures.one')}
          </a>
          {labelled('', t(`erasures.state.${request.state}`))}
        </Note>
      )}
      <div class="actions start">
        {open.value && found.value && !request && (
          <Button label={t('people.erase')} kind="primary-danger" disabled={busy} onClick={erase} />
        )}
        <HoldButton person={person} onDone={found.reload} />
      </div>
    </Panel>
  );
}

/** What was done concerning this person, at kiosks and in the console. */
function HistoryPanel({ person: { id: person, templates } }: { person: people.Person }) {
  const found = useResource(person, (by) => api(people.getPersonHistory, { params: { person }, ...by }));
  useNews(`${templates} ${writes.value}`, found.reload);
  return (
    <Panel title={t('people.history.title')}>
      <Reading of={found} rows={3} />
      {found.value?.items.length === 0 && <p class="muted">{t('people.history.none')}</p>}
      <ul>
        {found.value?.items.map((one) => (
          <li key={`${one.what}-${one.change} ${one.id}`} class="setting">
            <div>
              <p class="setting-name">
                {codeLabel('people.history', `${one.what}-${one.change}`)}
                {one.change === 'updated' && one.fields.length > 0 && ` · ${listed(one.fields.map(fieldLabel))}`}
                {one.site !== null && sites.value.length > 1 && (
                  <>
                    {' · '}
                    <SiteLink id={one.site} />
                  </>
                )}
              </p>
              <p class="muted small">
                {one.by && (
                  <>
                    <bdi>{staffByLabel(one.by)}</bdi> ·{' '}
                  </>
                )}
                {one.device ? <KioskLink id={one.device} /> : <bdi>{doneFrom(one)}</bdi>} · <Moment at={one.at} />
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const doneFrom = ({ via, email }: people.PersonHistory['items'][number]): string => {
  if (via === 'kiosk') return t('people.via.kiosk');
  if (via === 'person') return t('people.history.ownPage');
  if (via === 'import') return [email, t('people.history.import')].filter(Boolean).join(' · ');
  return email ?? t('people.history.console');
};

const fieldLabel = (field: string): string => codeLabel('people', field === 'gpsOptOut' ? 'gps' : field);
