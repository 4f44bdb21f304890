import { useRef } from 'preact/hooks';
import {
  createImportPeople,
  type ImportLine,
  listImportLines,
  type ImportRun as Run,
  undoImportPeople,
} from '../../../../sync/protocol/api/imports.ts';
import { Button } from '../../../shared/button.tsx';
import { listed, numberOf } from '../../../shared/i18n.ts';
import { IconAddPerson } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { languageName } from '../../../shared/web/languages.ts';
import { Badge, Note, Panel } from '../../../shared/web/pieces.tsx';
import { useNews, usePages, useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { FilterBar, filterOf, SelectFilter } from '../../parts/filters.tsx';
import { codeLabel } from '../../parts/labels.tsx';
import { PersonLink } from '../../parts/person-fields.tsx';
import { DataTable } from '../../parts/table.tsx';

const OUTCOMES = ['wrong', 'new', 'known'] as const;

/**
 * The lines of the list of people, before people are created from it. Renders nothing without such a list.
 *
 * @param uploads counts uploads; the lines are read again after each
 */
export function ListedPeople({ run, uploads, onChange }: { run: Run; uploads: number; onChange: () => void }) {
  const outcome = filterOf('line').value;
  const pages = usePages(listImportLines, { params: { import: run.id }, query: { outcome, limit: 50 } });
  useNews(`${uploads} ${run.people.state}`, pages.reload);
  const { busy, error, run: write } = useWrite();
  // Keep the earlier counts while they are read again, so that the focused element is not redrawn.
  const before = useRef(pages.first);
  before.current = pages.first ?? before.current;
  const counts = before.current?.counts;
  const { state, made } = run.people;
  if (!counts || (counts.new + counts.known + counts.wrong === 0 && state === null)) return null;
  const under = state === 'making' || state === 'undoing';
  const ready = run.state === 'open' && !under && counts.wrong === 0 && counts.new > 0;
  const params = { import: run.id };
  const make = () =>
    write(() => api(createImportPeople, { params }), {
      ask: { title: t('imports.people.make', { count: counts.new }), text: t('imports.people.makeText') },
      done: onChange,
    });
  const undo = () =>
    write(() => api(undoImportPeople, { params }), {
      ask: {
        title: t('imports.people.undo'),
        text: t('imports.people.undoText', { count: made }),
        danger: true,
        word: t('people.eraseWord'),
      },
      done: onChange,
    });
  return (
    <>
      <Panel
        title={t('imports.people.title')}
        aside={
          state && (
            <Badge kind={state === 'made' ? 'good' : undefined} role="status">
              {t(`imports.people.state.${state}`, { count: made })}
            </Badge>
          )
        }
      >
        <ul class="counts">
          {OUTCOMES.map((o) => (
            <li key={o}>
              <strong class="tabular">{numberOf(counts[o])}</strong> {t(`imports.people.outcome.${o}`)}
            </li>
          ))}
        </ul>
        {counts.wrong > 0 && <Note kind="warn">{t('imports.people.wrong')}</Note>}
        <ErrorNote error={error} />
        <div class="actions start">
          {run.state === 'open' && counts.new > 0 && (
            <Button kind="primary" disabled={busy || !ready} onClick={() => ready && void make()}>
              <IconAddPerson />
              {t('imports.people.make', { count: counts.new })}
            </Button>
          )}
          {made > 0 && (
            <Button label={t('imports.people.undo')} disabled={busy || under} onClick={() => !under && void undo()} />
          )}
        </div>
      </Panel>
      <DataTable
        id="lines"
        search="here"
        pages={pages}
        filters={
          <FilterBar names={['line']}>
            <SelectFilter
              name="line"
              label={t('imports.people.show')}
              options={OUTCOMES.map((o) => [o, t(`imports.people.outcome.${o}`)])}
            />
          </FilterBar>
        }
        caption={t('imports.people.title')}
        rowKey={(l) => `${l.line} ${l.number} ${l.email}`}
        tone={(l) => (l.outcome === 'wrong' ? 'bad' : undefined)}
        empty={{ title: t('imports.people.none') }}
        columns={{
          line: { label: t('imports.people.line'), numeric: true, sort: (l) => l.line, cell: (l) => l.line },
          name: {
            label: t('people.name'),
            heads: true,
            sort: (l) => l.person?.name ?? l.name,
            cell: (l) => <Name line={l} />,
          },
          number: {
            label: listed([t('people.number'), t('people.email')]),
            sort: (l) => listed([l.number ?? '', l.email ?? '']),
            cell: (l) => (
              <div>
                <Cell text={l.number} ltr />
                {l.email !== null && (
                  <p class="small">
                    <Cell text={l.email} ltr />
                  </p>
                )}
              </div>
            ),
          },
          site: {
            label: listed([t('imports.people.site'), t('people.language')]),
            sort: (l) => l.site,
            cell: (l) => (
              <div>
                <Cell text={l.site} />
                {l.language !== null && (
                  <p class="small">
                    {l.codes.includes('language-unknown') ? <bdi>{l.language}</bdi> : languageName(l.language)}
                  </p>
                )}
              </div>
            ),
          },
          photo: { label: t('imports.people.photo'), sort: (l) => l.file, cell: (l) => <Photo line={l} /> },
        }}
      />
    </>
  );
}

const Cell = ({ text, ltr = false }: { text: string | null; ltr?: boolean }) =>
  text === null ? <span class="muted">–</span> : <bdi dir={ltr ? 'ltr' : undefined}>{text}</bdi>;

function Name({ line }: { line: ImportLine }) {
  return (
    <div>
      {line.person ? <PersonLink {...line.person} /> : <Cell text={line.name} />}
      {line.outcome === 'known' && line.person?.name !== line.name && line.name !== null && (
        <p class="small muted">
          {t('imports.people.differs')} <bdi>{line.name}</bdi>
        </p>
      )}
      <p class="small muted">
        {line.outcome === 'wrong'
          ? line.codes.map((code) => codeLabel('imports.people.code', code)).join(' ')
          : t(`imports.people.outcome.${line.outcome}`)}
      </p>
    </div>
  );
}

function Photo({ line }: { line: ImportLine }) {
  if (line.file === null) return <span class="muted">–</span>;
  return (
    <div>
      <bdi>{line.file}</bdi>
      {line.hasPhoto === false && <p class="small muted">{t('imports.people.noPhoto')}</p>}
    </div>
  );
}
