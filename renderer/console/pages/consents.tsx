import * as consents from '../../../sync/protocol/api/consents.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, directionOf } from '../../shared/i18n.ts';
import { IconShield } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { AreaField, ErrorNote, SelectField, TextField, useFields } from '../../shared/web/form.tsx';
import { languageName } from '../../shared/web/languages.ts';
import { Badge, DialogButton } from '../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SelectFilter } from '../parts/filters.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonFilter } from '../parts/people-search.tsx';
import { languageOptions, PersonLink } from '../parts/person-fields.tsx';
import { Reading } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { periodOf } from '../state/clock.ts';
import { zoneOf } from '../state/places.ts';

/** Who agreed or refused, when, and to which text. */
export function Consents() {
  const [from, to] = [filterOf('from'), filterOf('to')];
  const pages = useList(consents.listConsents, {
    query: {
      person: filterOf('person').value,
      action: filterOf('action').value,
      ...periodOf(from.value, to.value, zoneOf()),
    },
  });
  return (
    <PageFrame
      of="consents"
      actions={<Button label={t('consents.without')} onClick={() => go('people', { consent: 'none' })} />}
    >
      <DataTable
        id="consents"
        search="here"
        pages={pages}
        filters={
          <FilterBar names={['from', 'to', 'person', 'action']}>
            <TextField label={t('attendance.from')} type="date" {...from} />
            <TextField label={t('attendance.to')} type="date" {...to} />
            <PersonFilter />
            <SelectFilter
              name="action"
              label={t('consents.word')}
              options={consents.Consent.shape.action.options.map((one) => [one, t(`people.word.${one}`)])}
            />
          </FilterBar>
        }
        caption={t('consents.nav')}
        rowKey={(c) => c.id}
        empty={{ title: t('consents.none'), text: t('consents.noneText') }}
        columns={{
          word: {
            label: t('consents.word'),
            heads: true,
            sort: (c) => t(`people.word.${c.action}`),
            cell: (c) => <Badge kind={c.action === 'given' ? 'good' : undefined}>{t(`people.word.${c.action}`)}</Badge>,
          },
          who: {
            label: t('consents.who'),
            sort: (c) => c.name,
            cell: (c) => <PersonLink id={c.person} name={c.name} />,
          },
          text: {
            label: t('consents.text'),
            cell: (c) => (
              <>
                <bdi>{c.textVersion}</bdi> · {c.language === 'und' ? '–' : languageName(c.language)}
              </>
            ),
          },
          via: { label: t('consents.via'), choice: (c) => [c.via, t(`people.via.${c.via}`)] },
          at: { label: t('consents.at'), numeric: true, cell: (c) => <Moment at={c.at} /> },
        }}
      />
    </PageFrame>
  );
}

/** The customer's own texts by version and language. Nobody can agree to a text that was not reviewed. */
export function Texts({ role }: PageProps) {
  const texts = useRead(consents.listConsentTexts);
  const { busy, error, run } = useWrite();
  const mayAdd = role === 'admin' || role === 'dpo';
  const { items = [], shipped = [], filledIn = {} } = texts.value ?? {};
  const review = (text: consents.ConsentText) =>
    run(() => api(consents.reviewConsentText, { params: { version: text.version, language: text.language } }), {
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
            <Paragraphs of={text} filledIn={filledIn} />
          </article>
        ),
      },
      say: () => t('texts.reviewed'),
      of: languageName(text.language),
      done: texts.reload,
    });
  return (
    <PageFrame
      of="texts"
      actions={
        mayAdd && (
          <DialogButton kind="primary" label={t('texts.add')} wide>
            <Add shipped={shipped} onDone={texts.reload} />
          </DialogButton>
        )
      }
    >
      <Reading of={texts} rows={6} error={error} />
      {items.map((text) => (
        <article key={`${text.version} ${text.language}`} class="card panel">
          <div class="panel-head">
            <h2 id={`text-${text.version}-${text.language}`}>
              <bdi>{text.version}</bdi> · {languageName(text.language)}
            </h2>
            <Badge kind={text.inForce ? 'good' : undefined}>
              {t(text.inForce ? 'texts.inForce' : text.reviewed ? 'texts.older' : 'texts.waits')}
            </Badge>
          </div>
          <FoldedText of={text} filledIn={filledIn} />
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
              <RowButton
                icon={<IconShield />}
                of={`text-${text.version}-${text.language}`}
                disabled={busy}
                onClick={() => void review(text)}
              >
                {t('texts.review')}
              </RowButton>
            </div>
          )}
          {!text.reviewed && role === 'admin' && <p class="muted small">{t('texts.dpoOnly')}</p>}
        </article>
      ))}
      {texts.value && (
        <section class="card panel" aria-label={t('texts.shipped')}>
          <div class="panel-head">
            <h2>{t('texts.shipped')}</h2>
            {!items.some((text) => text.inForce) && <Badge kind="good">{t('texts.inForce')}</Badge>}
          </div>
          <p class="muted">{t('texts.shippedText')}</p>
          <Shipped of={texts.value} />
          {texts.value.adoptedAt ? (
            <p class="muted small">
              {t('texts.adoptedAt')} <Moment at={texts.value.adoptedAt} />
            </p>
          ) : (
            mayAdd && (
              <div class="actions start">
                <AdoptTexts onDone={texts.reload} />
              </div>
            )
          )}
        </section>
      )}
    </PageFrame>
  );
}

/** Shows the built-in text in all its languages, to be adopted as a whole. */
export const AdoptTexts = ({ onDone }: { onDone: () => void }) => (
  <DialogButton label={t('texts.adopt')} wide>
    <Adopt onDone={onDone} />
  </DialogButton>
);

function Adopt({ onDone }: { onDone: () => void }) {
  const texts = useRead(consents.listConsentTexts);
  const version = texts.value?.shippedVersion;
  return (
    <WriteForm
      write={() => api(consents.adoptConsentTexts, { body: { version: version! } })}
      say={() => t('texts.adopted')}
      done={onDone}
      ready={version !== undefined}
      action={t('texts.adoptAll')}
    >
      <p>{t('texts.adoptText')}</p>
      <ErrorNote error={texts.error} onRetry={texts.reload} />
      {texts.value && <Shipped of={texts.value} />}
    </WriteForm>
  );
}

/** The built-in text in each language; the page's language is expanded. */
const Shipped = ({ of: { shipped, filledIn } }: { of: consents.ConsentTextList }) =>
  shipped.map((text) => (
    <FoldedText key={text.language} of={text} filledIn={filledIn} open={text.language === currentLanguage()} />
  ));

type ShippedText = consents.ConsentTextList['shipped'][number];
type Written = { of: ShippedText; filledIn: consents.ConsentTextList['filledIn'] };

/** A text under its language and title, as people are shown it. */
const FoldedText = ({ of, filledIn, open = false }: Written & { open?: boolean }) => (
  <details open={open}>
    <summary>
      {languageName(of.language)} ·{' '}
      <bdi lang={of.language} dir="auto">
        {of.title}
      </bdi>
    </summary>
    <Paragraphs of={of} filledIn={filledIn} />
  </details>
);

/** A text as people are shown it, with the parts that the kiosk fills in marked. */
const Paragraphs = ({ of: { language, paragraphs }, filledIn }: Written) => (
  <div class="consent-text" lang={language} dir={directionOf(language)}>
    {paragraphs.map((p) => (
      <p key={p}>
        {p.split(/(\{\w+\})/).map((part, i) => (i % 2 ? <mark>{filledIn[part.slice(1, -1)] ?? part}</mark> : part))}
      </p>
    ))}
  </div>
);

function Add({ shipped, onDone }: { shipped: readonly ShippedText[]; onDone: () => void }) {
  const { values, setValues, field } = useFields(
    { version: '', language: currentLanguage(), title: '', body: '' },
    consents.NewConsentText,
  );
  const { body, ...rest } = values;
  const paragraphs = body
    .split(/\n\s*\n/)
    .map((p) => p.trim())
    .filter(Boolean);
  const given = { ...rest, paragraphs };
  const start = shipped.find((text) => text.language === values.language);
  return (
    <WriteForm
      // An invalid text is sent unchanged, so that the server reports what is wrong with it.
      write={() => api(consents.addConsentText, { body: consents.NewConsentText.safeParse(given).data ?? given })}
      say={() => t('texts.added')}
      of={languageName(values.language)}
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
      {start && body === '' && (
        <div class="actions start">
          <Button
            label={t('texts.startFrom')}
            onClick={() => setValues((all) => ({ ...all, title: start.title, body: start.paragraphs.join('\n\n') }))}
          />
        </div>
      )}
      <TextField label={t('texts.title')} required dir="auto" {...field('title')} />
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
