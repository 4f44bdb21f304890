import { useState } from 'preact/hooks';
import type { z } from 'zod';
import { listConsents, recordConsent, withdrawConsent } from '../../../../sync/protocol/api/consents.ts';
import type { Minor, Person } from '../../../../sync/protocol/api/people.ts';
import { listConsentTextsFor } from '../../../../sync/protocol/api/portal.ts';
import { Button } from '../../../shared/button.tsx';
import { currentLanguage } from '../../../shared/i18n.ts';
import { IconFace } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { CheckField, ErrorNote, SelectField, TextField, useCheck, useFields } from '../../../shared/web/form.tsx';
import { languageName } from '../../../shared/web/languages.ts';
import { Badge, ConsentArticle, DialogButton, Note, Panel } from '../../../shared/web/pieces.tsx';
import { usePages, useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/labels.tsx';
import { Reading } from '../../parts/reading.tsx';
import { session } from '../../state/session.ts';
import { AddContacts } from '../home/contacts.tsx';
import { askAbout } from './contents.ts';

type AMinor = z.output<typeof Minor>;

interface ConsentPanelProps {
  person: Person;
  minor: AMinor | null;
  mayGive: boolean;
  onChange: () => void;
}

/**
 * What a person has agreed to, and when. The text is shown to them in their own language before consent is recorded. If they
 * are not enrolled, the next step is offered.
 */
export function ConsentPanel({ person, minor, mayGive, onChange }: ConsentPanelProps) {
  const history = usePages(listConsents, { query: { person: person.id, limit: 10 } });
  const { error, run } = useWrite();
  const reload = () => {
    history.reload();
    onChange();
  };
  const withdraw = () =>
    run(() => api(withdrawConsent, { params: { person: person.id } }), {
      ask: () =>
        askAbout(person.id, ['templates', 'photos'], (what) => ({
          title: t('people.withdraw'),
          text: t('people.withdrawText', { what }),
          danger: true,
          word: t('people.withdrawWord'),
        })),
      say: () => t('people.withdrawn'),
      done: reload,
    });
  return (
    <Panel
      title={t('people.consent')}
      aside={
        <Badge kind={person.consent === 'given' ? 'good' : undefined}>{t(`people.standing.${person.consent}`)}</Badge>
      }
    >
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
        {mayGive && person.consent === 'given' && person.templates === 0 && minor?.state !== 'of-age' && (
          <Button icon={<IconFace />} label={t('people.enrol')} onClick={() => go(`people/${person.id}/enrol`)} />
        )}
        {mayGive && (
          <DialogButton
            label={t(person.consent === 'given' ? 'people.giveAgain' : 'people.give')}
            title={t('people.give')}
            wide
          >
            <GiveConsent
              person={person}
              minor={minor}
              onDone={() => {
                reload();
                toast(() => t('people.given'));
              }}
            />
          </DialogButton>
        )}
        {person.consent === 'given' && <Button onClick={() => void withdraw()}>{t('people.withdraw')}</Button>}
      </div>
    </Panel>
  );
}

/** Whether the role may add contacts missing from a consent text. */
const mayAddContacts = (): boolean => {
  const place = session.page.value?.at;
  return place !== undefined && place.session.role === 'admin';
};

/** Shows the text as the person reads it and records consent. For someone below the age of consent, a guardian agrees. */
export function GiveConsent({ person, minor, onDone }: { person: Person; minor: AMinor | null; onDone: () => void }) {
  // Filled in for this person, as on the kiosk and their own page, so that what is recorded is what was read.
  const texts = useRead(listConsentTextsFor, { params: { person: person.id } });
  const inForce = texts.value?.items ?? [];
  const [language, setLanguage] = useState(person.language ?? currentLanguage());
  const agreed = useCheck(false);
  const { values: guardian, field } = useFields({
    name: minor?.guardian?.name ?? '',
    relation: minor?.guardian?.relation ?? '',
  });
  if (!texts.value) return <Reading of={texts} rows={6} />;
  const text = inForce.find((x) => x.language === language) ?? inForce[0];
  const needsGuardian = minor !== null && minor.state !== 'of-age';
  const ready = agreed.checked && (!needsGuardian || (guardian.name.trim() !== '' && guardian.relation.trim() !== ''));
  if (!text)
    return (
      <div class="stack">
        <p>{t('people.textUnset')}</p>
        {mayAddContacts() && (
          <div class="actions start">
            <AddContacts onDone={texts.reload} />
          </div>
        )}
      </div>
    );
  return (
    <WriteForm
      write={() => {
        const body = { textVersion: text.version, language: text.language, ...(needsGuardian && { guardian }) };
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
      <ConsentArticle class="card panel" text={text} />
      {needsGuardian && (
        <>
          <Note kind="warn">{t('people.guardianNeeded')}</Note>
          <TextField label={t('people.guardian')} required maxLength={200} dir="auto" {...field('name')} />
          <TextField label={t('people.relation')} required maxLength={60} dir="auto" {...field('relation')} />
        </>
      )}
      <CheckField
        label={t(needsGuardian ? 'people.guardianAgrees' : 'people.agrees', {
          name: person.name ?? t('people.unnamed'),
        })}
        {...agreed}
      />
    </WriteForm>
  );
}
