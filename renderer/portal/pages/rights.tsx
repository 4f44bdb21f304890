import { useContext, useState } from 'preact/hooks';
import type { z } from 'zod';
import * as portal from '../../../sync/protocol/api/portal.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, inSmall, momentOf } from '../../shared/i18n.ts';
import { IconDownload, IconTrash } from '../../shared/icons.tsx';
import { api, download } from '../../shared/web/api.ts';
import { CheckField, ErrorNote, SelectField, TextField, useCheck, useField } from '../../shared/web/form.tsx';
import { languageName } from '../../shared/web/languages.ts';
import {
  Badge,
  CloseDialog,
  ConsentArticle,
  Dialog,
  DialogButton,
  Fact,
  Note,
  Panel,
} from '../../shared/web/pieces.tsx';
import { type Resource, useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { Waiting } from '../parts/waiting.tsx';
import { readMe } from '../state/session.ts';

/** Consent, a full export, erasure, and who to ask. */
export function Rights({ me }: { me: portal.MyProfile }) {
  const texts = useRead(portal.listMyConsentTexts);
  return (
    <>
      <h1>{t('rights.title')}</h1>
      <Consent me={me} texts={texts} />
      <Everything />
      <Erase me={me} />
      <Contacts of={texts.value} />
    </>
  );
}

function Consent({ me, texts }: { me: portal.MyProfile; texts: Resource<portal.MyConsentTexts> }) {
  const { busy, error, run } = useWrite();
  const withdraw = () =>
    run(() => api(portal.withdrawMyConsent), {
      ask: { title: t('consent.withdraw'), text: t('consent.withdrawText'), danger: true },
      say: () => t('consent.withdrawn'),
      done: readMe,
    });
  return (
    <Panel
      title={t('consent.title')}
      aside={<Badge kind={me.consent === 'given' ? 'good' : undefined}>{t(`consent.standing.${me.consent}`)}</Badge>}
    >
      <p>{t(`consent.means.${me.consent === 'given' && me.templates === 0 ? 'notEnrolled' : me.consent}`)}</p>
      <ErrorNote error={error ?? texts.error} onRetry={error ? undefined : texts.reload} />
      {me.consent === 'given' ? (
        <Button label={t('consent.withdraw')} onClick={withdraw} disabled={busy} />
      ) : texts.value === null ? (
        !texts.error && <Waiting />
      ) : texts.value.items.length > 0 && !me.erasure ? (
        <DialogButton label={t('consent.read')} title={t('consent.give')} wide>
          <Give texts={texts.value.items} me={me} />
        </DialogButton>
      ) : (
        <p class="muted">{t(texts.value.unset && !me.erasure ? 'consent.unset' : 'consent.atKiosk')}</p>
      )}
    </Panel>
  );
}

/** Shows the text first. Agreeing is a separate step. */
function Give({ texts, me }: { texts: readonly portal.MyConsentText[]; me: portal.MyProfile }) {
  const close = useContext(CloseDialog);
  const wanted = [currentLanguage(), me.language];
  const language = useField((texts.find((x) => wanted.includes(x.language)) ?? texts[0]!).language);
  const agreed = useCheck(false);
  const text = texts.find((x) => x.language === language.value)!;
  return (
    <WriteForm
      write={() => api(portal.giveMyConsent, { body: { textVersion: text.version, language: text.language } })}
      say={() => t('consent.given')}
      done={readMe}
      ready={agreed.checked}
      action={t('consent.give')}
      onCancel={close}
    >
      {texts.length > 1 && (
        <SelectField
          label={t('field.language')}
          {...language}
          options={texts.map((x) => [x.language, languageName(x.language)])}
        />
      )}
      <ConsentArticle text={text} />
      <CheckField label={t('consent.agree')} {...agreed} />
    </WriteForm>
  );
}

function Everything() {
  const { busy, error, run } = useWrite();
  return (
    <Panel title={t('export.title')}>
      <p>{t('export.text')}</p>
      <ErrorNote error={error} />
      <Button onClick={() => void run(() => download(portal.exportMyData))} disabled={busy}>
        <IconDownload />
        {t(busy ? 'export.busy' : 'export.button')}
      </Button>
    </Panel>
  );
}

/** Two steps: the consequences, fetched from the server, then a word to type. */
function Erase({ me }: { me: portal.MyProfile }) {
  const [asked, setAsked] = useState<z.output<typeof portal.confirmMyErasure.answer> | null>(null);
  const { busy, error, run } = useWrite();
  const ask = () => run(() => api(portal.confirmMyErasure), { done: setAsked });
  return (
    <Panel title={t('erase.title')}>
      <p>{t(me.erasure ? (me.erasure.undoUntil ? 'erase.standing' : 'erase.startedForGood') : 'erase.text')}</p>
      <ErrorNote error={error} />
      {!me.erasure && (
        <Button icon={<IconTrash />} label={t('erase.button')} kind="danger" onClick={ask} disabled={busy} />
      )}
      {asked && <EraseDialog {...asked} onClose={() => setAsked(null)} />}
    </Panel>
  );
}

function Contacts({ of }: { of: portal.MyConsentTexts | null }) {
  if (!of?.controller) return <p class="muted small">{t('contacts.none')}</p>;
  return (
    <Panel title={t('contacts.title')}>
      <dl class="facts">
        <Fact name={t('contacts.controller')} dir="auto" value={of.controller} />
        <Fact name={t('contacts.contact')} dir="auto" value={of.contact} />
        <Fact name={t('contacts.dpo')} dir="auto" value={of.dpo} />
      </dl>
    </Panel>
  );
}

interface EraseDialogProps extends Pick<z.output<typeof portal.confirmMyErasure.answer>, 'undoDays' | 'confirmation'> {
  onClose: () => void;
}

/** What an erasure does and how long it can be undone; then, as a second step, a word to type. */
function EraseDialog({ undoDays, confirmation, onClose }: EraseDialogProps) {
  const [sure, setSure] = useState(false);
  return (
    <Dialog title={t('erase.title')} onClose={onClose}>
      {sure ? (
        <Confirm confirmation={confirmation} onClose={onClose} />
      ) : (
        <div class="stack">
          <ul class="held">
            <li>{t(undoDays > 0 ? 'erase.face' : 'erase.faceNow')}</li>
            <li>{t(undoDays > 0 ? 'erase.rest' : 'erase.restNow')}</li>
            <li>{t('erase.methods')}</li>
          </ul>
          <Note kind="warn">{undoDays > 0 ? t('erase.undoDays', { count: undoDays }) : t('erase.noUndo')}</Note>
          <div class="actions">
            <Button onClick={onClose}>{t('cancel')}</Button>
            <Button label={t('erase.next')} kind="primary" onClick={() => setSure(true)} />
          </div>
        </div>
      )}
    </Dialog>
  );
}

function Confirm({ confirmation, onClose }: Omit<EraseDialogProps, 'undoDays'>) {
  const word = t('erase.word');
  const typed = useField('');
  return (
    <WriteForm
      write={() => api(portal.requestMyErasure, { body: { confirmation } })}
      say={({ undoUntil }) =>
        undoUntil ? t('erase.started', { moment: momentOf(new Date(undoUntil)) }) : t('erase.startedForGood')
      }
      done={readMe}
      ready={inSmall(typed.value.trim()) === inSmall(word)}
      action={t('erase.button')}
      danger
      onCancel={onClose}
    >
      <TextField label={t('confirm.type', { word })} dir="auto" {...typed} />
    </WriteForm>
  );
}
