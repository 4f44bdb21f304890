import {
  addConsentText,
  type ConsentText,
  listConsents,
  listConsentTexts,
  NewConsentText,
  reviewConsentText,
} from '../../../sync/protocol/api/consents.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, directionOf } from '../../shared/i18n.ts';
import { IconShield } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { DialogButton } from '../../shared/web/dialog.tsx';
import { AreaField, SelectField, TextField, useFields } from '../../shared/web/form.tsx';
import { languageName } from '../../shared/web/languages.ts';
import { Badge } from '../../shared/web/pieces.tsx';
import { usePages, useRead, useWrite } from '../../shared/web/resource.ts';
import { WriteForm } from '../../shared/web/write-form.tsx';
import { t } from '../i18n.ts';
import { Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { languageOptions, PersonLink } from '../parts/person-fields.tsx';
import { PagedTable, Reading } from '../parts/table.tsx';
import type { PageProps } from './page.ts';

/** Who said what, when, and to which text. */
export function Consents() {
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
            label: t('consents.word'),
            heads: true,
            cell: (c) => <Badge kind={c.action === 'given' ? 'good' : undefined}>{t(`people.word.${c.action}`)}</Badge>,
          },
          { label: t('consents.who'), cell: (c) => <PersonLink id={c.person} name={c.name} /> },
          {
            label: t('consents.text'),
            cell: (c) => (
              <>
                <bdi>{c.textVersion}</bdi> · {c.language === 'und' ? '–' : languageName(c.language)}
              </>
            ),
          },
          { label: t('consents.via'), cell: (c) => t(`people.via.${c.via}`) },
          { label: t('consents.at'), numeric: true, cell: (c) => <Moment at={c.at} /> },
        ]}
      />
    </PageFrame>
  );
}

/** The customer's own texts by version and language. Nobody can agree to one that was not reviewed. */
export function Texts({ role }: PageProps) {
  const texts = useRead(listConsentTexts);
  const { busy, error, run } = useWrite();
  const mayAdd = role === 'admin' || role === 'dpo';
  const review = (text: ConsentText) =>
    run(() => api(reviewConsentText, { params: { version: text.version, language: text.language } }), {
      ask: {
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
      },
      say: () => t('texts.reviewed'),
      done: texts.reload,
    });
  return (
    <PageFrame
      title={t('texts.nav')}
      lead={t('texts.lead')}
      actions={
        mayAdd && (
          <DialogButton kind="primary" label={t('texts.add')} wide>
            <Add onDone={texts.reload} />
          </DialogButton>
        )
      }
    >
      <Reading of={texts} rows={6} error={error} />
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
            <Badge kind={text.inForce ? 'good' : undefined}>
              {t(text.inForce ? 'texts.inForce' : text.reviewed ? 'texts.older' : 'texts.waits')}
            </Badge>
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
  const { values, field } = useFields({ version: '', language: currentLanguage(), title: '', body: '' });
  const { body, ...rest } = values;
  const paragraphs = body
    .split(/\n\s*\n/)
    .map((p) => p.trim())
    .filter(Boolean);
  const given = { ...rest, paragraphs };
  return (
    <WriteForm
      // Not sent in part: the server says what is wrong with it.
      write={() => api(addConsentText, { body: NewConsentText.safeParse(given).data ?? given })}
      say={() => t('texts.added')}
      done={onDone}
      action={t('texts.add')}
    >
      <p class="muted">{t('texts.addText')}</p>
      <TextField
        label={t('texts.version')}
        hint={t('texts.versionHint')}
        required
        maxLength={20}
        pattern="[A-Za-z0-9][A-Za-z0-9\-]*"
        dir="ltr"
        {...field('version')}
      />
      <SelectField label={t('people.language')} {...field('language')} options={languageOptions().slice(1)} />
      <TextField label={t('texts.title')} required maxLength={200} dir="auto" {...field('title')} />
      <AreaField
        label={t('texts.body')}
        hint={t('texts.bodyHint', { fields: '{controller} {contact} {dpo} {photoDays}' })}
        rows={12}
        required
        {...field('body')}
      />
    </WriteForm>
  );
}
