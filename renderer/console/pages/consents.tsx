import { useState } from 'preact/hooks';
import {
  addConsentText,
  type ConsentText,
  listConsents,
  listConsentTexts,
  NewConsentText,
  reviewConsentText,
} from '../../../sync/protocol/api/consents.ts';
import { Button } from '../../shared/button.tsx';
import { directionOf } from '../../shared/i18n.ts';
import { IconCheck, IconShield, IconText } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { confirm } from '../../shared/web/confirm.tsx';
import { Dialog } from '../../shared/web/dialog.tsx';
import { AreaField, ErrorNote, Form, SelectField, Submit, TextField } from '../../shared/web/form.tsx';
import { usePages, useResource, useWrite } from '../../shared/web/resource.ts';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';
import { Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-link.tsx';
import { PagedTable, Skeleton } from '../parts/table.tsx';
import type { ConsolePage, PageProps } from './page.ts';
import { languageName, languageOptions } from './people/languages.ts';

export const consentsPage: ConsolePage = {
  path: 'consents',
  group: 'privacy',
  Icon: IconCheck,
  roles: ['admin', 'dpo', 'staff'],
  View: Consents,
};

export const textsPage: ConsolePage = {
  path: 'texts',
  group: 'privacy',
  Icon: IconText,
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  View: Texts,
};

/** Who said what, when, and to which text. */
function Consents() {
  const pages = usePages(listConsents);
  return (
    <PageFrame title={t('consents.nav')} lead={t('consents.lead')}>
      <PagedTable
        pages={pages}
        caption={t('consents.nav')}
        rowKey={(c) => c.id}
        empty={{ title: t('consents.none'), text: t('consents.noneText') }}
        columns={[
          {
            key: 'word',
            label: t('consents.word'),
            heads: true,
            cell: (c) => (
              <span class="badge" data-kind={c.action === 'given' ? 'good' : undefined}>
                {t(`people.word.${c.action}`)}
              </span>
            ),
          },
          {
            key: 'who',
            label: t('consents.who'),
            cell: (c) => <PersonLink id={c.person} name={c.name} />,
          },
          {
            key: 'text',
            label: t('consents.text'),
            cell: (c) => (
              <>
                <bdi>{c.textVersion}</bdi> · {c.language === 'und' ? '–' : languageName(c.language)}
              </>
            ),
          },
          { key: 'via', label: t('consents.via'), cell: (c) => t(`people.via.${c.via}`) },
          { key: 'at', label: t('consents.at'), numeric: true, cell: (c) => <Moment at={c.at} /> },
        ]}
      />
    </PageFrame>
  );
}

/** The customer's own texts by version and language. Nobody can agree to one that was not reviewed. */
function Texts({ role }: PageProps) {
  const texts = useResource('texts', (signal) => api(listConsentTexts, { signal }));
  const [adding, setAdding] = useState(false);
  const { busy, error, run } = useWrite();
  const mayAdd = role === 'admin' || role === 'dpo';
  const review = async (text: ConsentText) => {
    const sure = await confirm({
      title: t('texts.review'),
      text: t('texts.reviewText', { language: languageName(text.language) }),
      subject: (
        <article class="reviewed-text">
          <p class="muted small">
            <bdi>{text.version}</bdi> · {languageName(text.language)}
          </p>
          <h3 lang={text.language} dir="auto">
            {text.title}
          </h3>
          <Paragraphs of={text} />
        </article>
      ),
      action: t('texts.review'),
    });
    if (!sure) return;

    const done = await run(() =>
      api(reviewConsentText, { params: { version: text.version, language: text.language } }),
    );
    if (done?.ok) {
      toast(() => t('texts.reviewed'));
      texts.reload();
    }
  };
  return (
    <PageFrame
      title={t('texts.nav')}
      lead={t('texts.lead')}
      actions={
        mayAdd && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            {t('texts.add')}
          </Button>
        )
      }
    >
      <ErrorNote error={error ?? texts.error} />
      {!texts.value && texts.loading && <Skeleton rows={6} />}
      {texts.value?.items.length === 0 && (
        <section class="card panel">
          <p class="muted">{t('texts.none')}</p>
        </section>
      )}
      {texts.value?.items.map((text) => (
        <article key={`${text.version} ${text.language}`} class="card panel">
          <div class="panel-head">
            <h2>
              <bdi>{text.version}</bdi> · {languageName(text.language)}
            </h2>
            <span class="badge" data-kind={text.inForce ? 'good' : undefined}>
              {t(text.inForce ? 'texts.inForce' : text.reviewed ? 'texts.older' : 'texts.waits')}
            </span>
          </div>
          <details>
            <summary lang={text.language} dir="auto">
              {text.title}
            </summary>
            <Paragraphs of={text} />
          </details>
          <p class="muted small">
            {t('texts.made')} <Moment at={text.madeAt} />
            {text.reviewedAt && (
              <>
                {' · '}
                {t('texts.reviewedAt')} <Moment at={text.reviewedAt} />
              </>
            )}
          </p>
          {!text.reviewed && role === 'dpo' && (
            <div class="actions start">
              <Button disabled={busy} onClick={() => void review(text)}>
                <IconShield />
                {t('texts.review')}
              </Button>
            </div>
          )}
          {!text.reviewed && role === 'admin' && <p class="muted small">{t('texts.dpoOnly')}</p>}
        </article>
      ))}
      {adding && (
        <Dialog title={t('texts.add')} wide onClose={() => setAdding(false)}>
          <Add
            onDone={() => {
              setAdding(false);
              texts.reload();
              toast(() => t('texts.added'));
            }}
          />
        </Dialog>
      )}
    </PageFrame>
  );
}

const Paragraphs = ({ of: { language, paragraphs } }: { of: ConsentText }) => (
  <div class="consent-text" lang={language} dir={directionOf(language)}>
    {paragraphs.map((p) => (
      <p key={p}>{p}</p>
    ))}
  </div>
);

function Add({ onDone }: { onDone: () => void }) {
  const [version, setVersion] = useState('');
  const [language, setLanguage] = useState('');
  const [title, setTitle] = useState('');
  const [body, setBody] = useState('');
  const { busy, error, run } = useWrite();
  const paragraphs = body
    .split(/\n\s*\n/)
    .map((p) => p.trim())
    .filter(Boolean);
  const parsed = NewConsentText.safeParse({ version, language, title, paragraphs });
  const submit = async () => {
    if (!parsed.success) return;
    const done = await run(() => api(addConsentText, { body: parsed.data }));
    if (done?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <p class="muted">{t('texts.addText')}</p>
      <ErrorNote error={error} />
      <TextField
        label={t('texts.version')}
        hint={t('texts.versionHint')}
        required
        maxLength={20}
        pattern="[A-Za-z0-9][A-Za-z0-9\-]*"
        dir="ltr"
        value={version}
        onValue={setVersion}
      />
      <SelectField label={t('people.language')} value={language} onValue={setLanguage} options={languageOptions()} />
      <TextField label={t('texts.title')} required maxLength={200} dir="auto" value={title} onValue={setTitle} />
      <AreaField
        label={t('texts.body')}
        hint={t('texts.bodyHint', { fields: '{controller} {contact} {dpo} {photoDays}' })}
        rows={12}
        required
        value={body}
        onValue={setBody}
      />
      <Submit disabled={busy || !parsed.success}>{t('texts.add')}</Submit>
    </Form>
  );
}
