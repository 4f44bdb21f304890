import { useState } from 'preact/hooks';
import { listConsentTexts } from '../../../sync/protocol/api/consents.ts';
import { type ImportRun, listImports, NewImport, startImport } from '../../../sync/protocol/api/imports.ts';
import { api } from '../../shared/web/api.ts';
import { AreaField, CheckField, SelectField, useCheck, useField } from '../../shared/web/form.tsx';
import { languageName } from '../../shared/web/languages.ts';
import { DialogButton, Note } from '../../shared/web/pieces.tsx';
import { useRead, WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { Review } from './imports/review.tsx';

export function Imports({ rest: [id], role }: PageProps) {
  return id ? <Review key={id} id={id} role={role} /> : <List />;
}

/** Imports of many people's photos. Each is reviewed before any of it reaches a kiosk. */
function List() {
  const pages = useList(listImports);
  return (
    <PageFrame
      of="imports"
      actions={
        <DialogButton kind="primary" label={t('imports.begin')}>
          <Begin />
        </DialogButton>
      }
    >
      <DataTable
        id="imports"
        pages={pages}
        caption={t('imports.nav')}
        rowKey={(r) => r.id}
        empty={{ title: t('imports.none'), text: t('imports.noneText') }}
        columns={{
          madeAt: {
            label: t('imports.madeAt'),
            heads: true,
            cell: (r) => (
              <a class="text-link" href={`#/imports/${r.id}`}>
                <Moment at={r.madeAt} />
              </a>
            ),
          },
          state: { label: t('imports.stateLabel'), choice: (r) => [r.state, t(`imports.state.${r.state}`)] },
          ...Object.fromEntries(
            (['waiting', 'judged', 'accepted', 'applied', 'refused'] as const).map((name) => [
              name,
              { label: t(`imports.count.${name}`), numeric: true, sort: (r: ImportRun) => r.counts[name] },
            ]),
          ),
        }}
      />
    </PageFrame>
  );
}

/** The legal basis of the import: consents recorded here, or the operator's statement that they exist. */
function Begin() {
  const texts = useRead(listConsentTexts);
  const stated = useCheck(false);
  const [text, setText] = useState('');
  const statement = useField('');
  const options = (texts.value?.items ?? [])
    .filter((x) => x.reviewed)
    .map((x) => [`${x.version} ${x.language}`, `${x.version} · ${languageName(x.language)}`] as const);
  const [textVersion = '', language = ''] = (text || options[0]?.[0] || '').split(' ');
  const parsed = NewImport.safeParse({
    basis: stated.checked ? { textVersion, language, statement: statement.value } : null,
  });
  return (
    <WriteForm
      write={() => api(startImport, { body: parsed.data! })}
      done={(value) => go(`imports/${value.id}`)}
      ready={parsed.success}
      action={t('imports.begin')}
    >
      <p>{t('imports.beginText')}</p>
      <CheckField label={t('imports.stated')} hint={t('imports.statedHint')} {...stated} />
      {stated.checked && options.length === 0 && <Note>{t('people.noText')}</Note>}
      {stated.checked && options.length > 0 && (
        <>
          <SelectField label={t('imports.text')} value={text || options[0]![0]} onValue={setText} options={options} />
          <AreaField
            label={t('imports.statement')}
            hint={t('imports.statementHint')}
            required
            maxLength={500}
            {...statement}
          />
        </>
      )}
    </WriteForm>
  );
}
