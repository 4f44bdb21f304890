import { useState } from 'preact/hooks';
import {
  confirmMyErasure,
  exportMyData,
  giveMyConsent,
  listMyConsentTexts,
  type MyConsentText,
  type MyConsentTexts,
  type MyProfile,
  requestMyErasure,
  withdrawMyConsent,
} from '../../../sync/protocol/api/portal.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, directionOf, momentOf } from '../../shared/i18n.ts';
import { IconDownload, IconTrash } from '../../shared/icons.tsx';
import type { Answer } from '../../shared/web/api.ts';
import { api, download } from '../../shared/web/api.ts';
import { confirm } from '../../shared/web/confirm.tsx';
import { Dialog } from '../../shared/web/dialog.tsx';
import { CheckField, ErrorNote, Form, SelectField, Submit, TextField, useField } from '../../shared/web/form.tsx';
import { languageName } from '../../shared/web/languages.ts';
import { Badge, Fact } from '../../shared/web/pieces.tsx';
import { type Resource, useResource, useWrite } from '../../shared/web/resource.ts';
import { toast } from '../../shared/web/toast.tsx';
import { WriteForm } from '../../shared/web/write-form.tsx';
import { t } from '../i18n.ts';
import { Waiting } from '../parts/waiting.tsx';
import { readMe } from '../state/session.ts';

/** Consent, everything as a file, erasure, and who to ask. */
export function Rights({ me }: { me: MyProfile }) {
  const texts = useResource('texts', (signal) => api(listMyConsentTexts, { signal }));
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

function Consent({ me, texts }: { me: MyProfile; texts: Resource<MyConsentTexts> }) {
  const [giving, setGiving] = useState(false);
  const { busy, error, run } = useWrite();
  const withdraw = async () => {
    const sure = await confirm({
      title: t('consent.withdraw'),
      text: t('consent.withdrawText'),
      action: t('consent.withdraw'),
      danger: true,
    });
    if (!sure) return;
    const done = await run(() => api(withdrawMyConsent));
    if (!done?.ok) return;
    toast(() => t('consent.withdrawn'));
    await readMe();
  };
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('consent.title')}</h2>
        <Badge kind={me.consent === 'given' ? 'good' : undefined}>{t(`consent.standing.${me.consent}`)}</Badge>
      </div>
      <p>{t(`consent.means.${me.consent === 'given' && me.templates === 0 ? 'notEnrolled' : me.consent}`)}</p>
      <ErrorNote error={error ?? texts.error} onRetry={error ? undefined : texts.reload} />
      {me.consent === 'given' ? (
        <Button onClick={() => void withdraw()} disabled={busy}>
          {t('consent.withdraw')}
        </Button>
      ) : texts.value === null ? (
        !texts.error && <Waiting />
      ) : texts.value.items.length > 0 && !me.erasure ? (
        <Button onClick={() => setGiving(true)}>{t('consent.read')}</Button>
      ) : (
        <p class="muted">{t(texts.value.unset && !me.erasure ? 'consent.unset' : 'consent.atKiosk')}</p>
      )}
      {giving && texts.value && (
        <Dialog title={t('consent.give')} wide onClose={() => setGiving(false)}>
          <Give texts={texts.value.items} me={me} onDone={() => setGiving(false)} />
        </Dialog>
      )}
    </section>
  );
}

/** The text comes first; agreeing is a second act. */
function Give({ texts, me, onDone }: { texts: readonly MyConsentText[]; me: MyProfile; onDone: () => void }) {
  const wanted = [currentLanguage(), me.language];
  const language = useField((texts.find((x) => wanted.includes(x.language)) ?? texts[0]!).language);
  const [agreed, setAgreed] = useState(false);
  const text = texts.find((x) => x.language === language.value)!;
  return (
    <WriteForm
      write={() => api(giveMyConsent, { body: { textVersion: text.version, language: text.language } })}
      say={() => t('consent.given')}
      done={async () => {
        onDone();
        await readMe();
      }}
      ready={agreed}
      action={t('consent.give')}
      onCancel={onDone}
    >
      {texts.length > 1 && (
        <SelectField
          label={t('field.language')}
          {...language}
          options={texts.map((x) => [x.language, languageName(x.language, currentLanguage())])}
        />
      )}
      <article class="consent-text" lang={text.language} dir={directionOf(text.language)}>
        <h3>{text.title}</h3>
        {text.paragraphs.map((p) => (
          <p key={p}>{p}</p>
        ))}
      </article>
      <CheckField label={t('consent.agree')} checked={agreed} onChecked={setAgreed} />
    </WriteForm>
  );
}

function Everything() {
  const { busy, error, run } = useWrite();
  return (
    <section class="card panel">
      <h2>{t('export.title')}</h2>
      <p>{t('export.text')}</p>
      <ErrorNote error={error} />
      <Button onClick={() => void run(() => download(exportMyData))} disabled={busy}>
        <IconDownload />
        {t(busy ? 'export.busy' : 'export.button')}
      </Button>
    </section>
  );
}

/** Two steps: what it means, asked of the server, then a word that is typed. */
function Erase({ me }: { me: MyProfile }) {
  const [asked, setAsked] = useState<ErasureConfirmationAnswer | null>(null);
  const { busy, error, run } = useWrite();
  const ask = () => run(() => api(confirmMyErasure), { done: setAsked });
  const erase = async (confirmation: string) => {
    const done = await api(requestMyErasure, { body: { confirmation } });
    if (!done.ok) return done;
    setAsked(null);
    const { undoUntil } = done.value;
    toast(() =>
      undoUntil ? t('erase.started', { moment: momentOf(new Date(undoUntil)) }) : t('erase.startedForGood'),
    );
    await readMe();
    return done;
  };
  return (
    <section class="card panel">
      <h2>{t('erase.title')}</h2>
      <p>{t(me.erasure ? (me.erasure.undoUntil ? 'erase.standing' : 'erase.startedForGood') : 'erase.text')}</p>
      <ErrorNote error={error} />
      {!me.erasure && (
        <Button kind="danger" onClick={() => void ask()} disabled={busy}>
          <IconTrash />
          {t('erase.button')}
        </Button>
      )}
      {asked && (
        <EraseDialog
          undoDays={asked.undoDays}
          onErase={() => erase(asked.confirmation)}
          onClose={() => setAsked(null)}
        />
      )}
    </section>
  );
}
type ErasureConfirmationAnswer = { readonly confirmation: string; readonly undoDays: number };

function Contacts({ of }: { of: MyConsentTexts | null }) {
  if (!of?.controller) return <p class="muted small">{t('contacts.none')}</p>;
  return (
    <section class="card panel">
      <h2>{t('contacts.title')}</h2>
      <dl class="facts">
        <Fact name={t('contacts.controller')} dir="auto">
          {of.controller}
        </Fact>
        <Fact name={t('contacts.contact')} dir="auto">
          {of.contact}
        </Fact>
        <Fact name={t('contacts.dpo')} dir="auto">
          {of.dpo}
        </Fact>
      </dl>
    </section>
  );
}

interface EraseDialogProps {
  undoDays: number;
  onErase: () => Promise<Answer<unknown>>;
  onClose: () => void;
}

/**
 * What an erasure does and how long it can be taken back; then, as a second step, a word to type.
 */
function EraseDialog({ undoDays, onErase, onClose }: EraseDialogProps) {
  const [sure, setSure] = useState(false);
  return (
    <Dialog title={t('erase.title')} onClose={onClose}>
      {sure ? (
        <Confirm onErase={onErase} onClose={onClose} />
      ) : (
        <div class="stack">
          <ul class="held">
            <li>{t(undoDays > 0 ? 'erase.face' : 'erase.faceNow')}</li>
            <li>{t(undoDays > 0 ? 'erase.rest' : 'erase.restNow')}</li>
            <li>{t('erase.methods')}</li>
          </ul>
          <p class="note" data-kind="warn">
            {undoDays > 0 ? t('erase.undoDays', { count: undoDays }) : t('erase.noUndo')}
          </p>
          <div class="actions">
            <Button onClick={onClose}>{t('cancel')}</Button>
            <Button kind="primary" onClick={() => setSure(true)}>
              {t('erase.next')}
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

function Confirm({ onErase, onClose }: { onErase: () => Promise<Answer<unknown>>; onClose: () => void }) {
  const word = t('erase.word');
  const typed = useField('');
  const { busy, error, run } = useWrite();
  const ready = typed.value.trim().toLocaleLowerCase() === word.toLocaleLowerCase();
  const submit = () => ready && void run(onErase);
  return (
    <Form class="stack" onSubmit={submit}>
      <TextField label={t('confirm.type', { word })} dir="auto" {...typed} />
      <ErrorNote error={error} />
      <Submit danger disabled={busy || !ready} onCancel={onClose}>
        {t('erase.button')}
      </Submit>
    </Form>
  );
}
