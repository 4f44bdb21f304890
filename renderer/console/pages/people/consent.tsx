import { useState } from 'preact/hooks';
import type { z } from 'zod';
import { listConsents, recordConsent, withdrawConsent } from '../../../../sync/protocol/api/consents.ts';
import type { Minor, Person } from '../../../../sync/protocol/api/people.ts';
import { listConsentTextsFor, type MyConsentText } from '../../../../sync/protocol/api/portal.ts';
import { Button } from '../../../shared/button.tsx';
import { currentLanguage, directionOf } from '../../../shared/i18n.ts';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { CheckField, ErrorNote, SelectField, TextField } from '../../../shared/web/form.tsx';
import { Badge } from '../../../shared/web/pieces.tsx';
import { usePages, useResource, useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/moment.tsx';
import { Skeleton } from '../../parts/table.tsx';
import { languageName } from './languages.ts';

type AMinor = z.output<typeof Minor>;

interface ConsentPanelProps {
  person: Person;
  minor: AMinor | null;
  mayGive: boolean;
  onChange: () => void;
}

/** What a person has agreed to, and when; the text is shown to them in their own language before it is put on record. */
export function ConsentPanel({ person, minor, mayGive, onChange }: ConsentPanelProps) {
  const history = usePages(listConsents, { query: { person: person.id, limit: 10 } });
  const [giving, setGiving] = useState(false);
  const { error, run } = useWrite();
  const withdraw = () =>
    run(() => api(withdrawConsent, { params: { person: person.id } }), {
      ask: { title: t('people.withdraw'), text: t('people.withdrawText'), danger: true },
      say: () => t('people.withdrawn'),
      done: () => {
        history.reload();
        onChange();
      },
    });
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('people.consent')}</h2>
        <Badge kind={person.consent === 'given' ? 'good' : undefined}>{t(`people.standing.${person.consent}`)}</Badge>
      </div>
      <ErrorNote error={error ?? history.error} />
      {history.items.length > 0 && (
        <ul>
          {history.items.map((c) => (
            <li key={c.id} class="setting">
              <div>
                <p class="setting-name">{t(`people.word.${c.action}`)}</p>
                <p class="muted small">
                  {t(`people.via.${c.via}`)} · <bdi>{c.textVersion}</bdi> · {languageName(c.language)}
                </p>
                {c.guardian && (
                  <p class="small">
                    {t('people.byGuardian', { name: c.guardian.name, relation: c.guardian.relation })}
                  </p>
                )}
                {c.basis && <p class="small">{c.basis}</p>}
              </div>
              <Moment at={c.at} />
            </li>
          ))}
        </ul>
      )}
      <div class="actions start">
        {mayGive && (
          <Button onClick={() => setGiving(true)}>
            {t(person.consent === 'given' ? 'people.giveAgain' : 'people.give')}
          </Button>
        )}
        {person.consent === 'given' && <Button onClick={() => void withdraw()}>{t('people.withdraw')}</Button>}
      </div>
      {giving && (
        <Dialog title={t('people.give')} wide onClose={() => setGiving(false)}>
          <GiveConsent
            person={person}
            minor={minor}
            onDone={() => {
              history.reload();
              onChange();
              toast(() => t('people.given'));
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

/** The text, as the person reads it; someone below the age of consent has a guardian who agrees. */
export function GiveConsent({ person, minor, onDone }: { person: Person; minor: AMinor | null; onDone: () => void }) {
  // Filled in for this person, as the kiosk and their own page show it: what was read is what is put on record.
  const texts = useResource(`${person.id} texts`, (signal) =>
    api(listConsentTextsFor, { params: { person: person.id }, signal }),
  );
  const inForce = texts.value?.items ?? [];
  const [language, setLanguage] = useState(person.language ?? currentLanguage());
  const [agreed, setAgreed] = useState(false);
  const [guardian, setGuardian] = useState({
    name: minor?.guardian?.name ?? '',
    relation: minor?.guardian?.relation ?? '',
  });
  if (!texts.value)
    return texts.error ? <ErrorNote error={texts.error} onRetry={texts.reload} /> : <Skeleton rows={6} />;
  const text: MyConsentText | undefined = inForce.find((x) => x.language === language) ?? inForce[0];
  const needsGuardian = minor !== null && minor.state !== 'of-age';
  const ready = agreed && (!needsGuardian || (guardian.name.trim() !== '' && guardian.relation.trim() !== ''));
  if (!text)
    return (
      <div class="stack">
        <p>{t('people.textUnset')}</p>
        <a class="text-link" href="#/settings">
          {t('settings.nav')}
        </a>
      </div>
    );
  return (
    <WriteForm
      write={() => {
        const body = {
          textVersion: text.version,
          language: text.language,
          ...(needsGuardian && { guardian }),
        };
        return api(recordConsent, { params: { person: person.id }, body });
      }}
      done={onDone}
      ready={ready}
      action={t('people.record')}
    >
      <p class="muted">{t('people.giveText')}</p>
      {inForce.length > 1 && (
        <SelectField
          label={t('people.language')}
          value={text.language}
          onValue={setLanguage}
          options={inForce.map((x) => [x.language, languageName(x.language)])}
        />
      )}
      <article class="card panel consent-text" lang={text.language} dir={directionOf(text.language)}>
        <h3>{text.title}</h3>
        {text.paragraphs.map((p) => (
          <p key={p}>{p}</p>
        ))}
      </article>
      {needsGuardian && (
        <>
          <p class="note" data-kind="warn">
            {t('people.guardianNeeded')}
          </p>
          <TextField
            label={t('people.guardian')}
            required
            maxLength={200}
            dir="auto"
            value={guardian.name}
            onValue={(name) => setGuardian({ ...guardian, name })}
          />
          <TextField
            label={t('people.relation')}
            required
            maxLength={60}
            dir="auto"
            value={guardian.relation}
            onValue={(relation) => setGuardian({ ...guardian, relation })}
          />
        </>
      )}
      <CheckField
        label={t(needsGuardian ? 'people.guardianAgrees' : 'people.agrees', {
          name: person.name ?? t('people.unnamed'),
        })}
        checked={agreed}
        onChecked={setAgreed}
      />
    </WriteForm>
  );
}
