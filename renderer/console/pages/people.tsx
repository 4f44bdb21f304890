import { useState } from 'preact/hooks';
import type { PrintableCard } from '../../../sync/protocol/api/credentials.ts';
import { createPerson, listPeople, NewPerson, Person, setPersonSites } from '../../../sync/protocol/api/people.ts';
import { IconAddPerson } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { CheckFields, ErrorNote, Form, SelectField, TextField, useField, useFields } from '../../shared/web/form.tsx';
import { Badge, Dialog, DialogButton, Empty } from '../../shared/web/pieces.tsx';
import { WriteForm } from '../../shared/web/resource.tsx';
import { go, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SelectFilter, SiteField } from '../parts/filters.tsx';
import { Email, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { SearchCut, usePeopleSearch } from '../parts/people-search.tsx';
import { askIfTaken, languageOptions, PersonFields, PersonLink, textFields } from '../parts/person-fields.tsx';
import { SiteLinks } from '../parts/place-links.tsx';
import { Skeleton } from '../parts/reading.tsx';
import { BulkButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { siteOptions, sites } from '../state/places.ts';
import { IssueCards, PrintedCards } from './people/cards.tsx';
import { EnrolPage } from './people/enrol.tsx';
import { PersonPage } from './people/person.tsx';
import { WaitingPage } from './people/waiting.tsx';

/** Most people shown by a search. With more matches, the user adds a word or the number. */
const MAX_FOUND = 50;
const FILTERS = ['site', 'consent', 'enrolled'] as const;

export function People({ rest: [person, task], role, query }: PageProps) {
  if (person && task === 'enrol') return <EnrolPage key={person} person={person} role={role} />;
  if (person && task === 'waiting') return <WaitingPage key={person} id={person} role={role} />;
  if (person) return <PersonPage key={person} person={person} role={role} />;
  return <List mayAdd={role !== 'dpo'} adding={query.has('add')} />;
}

/** All people, or those found by name, number, e-mail or badge. The search text is not in the address, since it may be a name. */
function List({ mayAdd, adding }: { mayAdd: boolean; adding: boolean }) {
  const [site, consent, enrolled] = FILTERS.map((name) => filterOf(name).value);
  const which = { site, consent, enrolled };
  const typed = useField('');
  const [cards, setCards] = useState<readonly PrintableCard[]>([]);
  const found = usePeopleSearch(typed.value, { limit: MAX_FOUND, ...which });
  const pages = useList(listPeople, { query: which });
  const reload = () => {
    pages.reload();
    found.reload();
  };
  const searching = typed.value.trim() !== '';
  const matches = found.items;
  const shown = searching ? matches : pages.items;
  const namesakes = (p: Person) => shown.some((other) => other.id !== p.id && other.name === p.name);
  const table = {
    id: 'people',
    caption: t('people.nav'),
    search: null,
    rowKey: (p: Person) => p.id,
    bulk:
      mayAdd &&
      ((chosen: readonly Person[]) => (
        <>
          <IssueCards people={chosen} onCards={setCards} />
          {sites.value.length > 1 && <AssignSites people={chosen} onDone={reload} />}
        </>
      )),
    columns: {
      name: {
        label: t('people.name'),
        heads: true,
        cell: (p: Person) => <PersonLink id={p.id} name={p.name} number={namesakes(p) ? p.number : null} />,
      },
      number: {
        label: t('people.number'),
        sort: (p: Person) => p.number,
        cell: (p: Person) => <span dir="ltr">{p.number ?? '–'}</span>,
      },
      email: {
        label: t('people.email'),
        sort: (p: Person) => p.email,
        cell: (p: Person) => <Email of={p.email ?? '–'} />,
      },
      consent: {
        label: t('people.consent'),
        sort: (p: Person) => t(`people.standing.${p.consent}`),
        cell: (p: Person) => <Standing of={p.consent} />,
      },
      templates: { label: t('people.templates'), numeric: true, sort: (p: Person) => p.templates },
      site: {
        label: t('people.site'),
        cell: (p: Person) => <SiteLinks ids={p.sites} none="–" />,
      },
      updatedAt: { label: t('people.changed'), numeric: true, cell: (p: Person) => <Moment at={p.updatedAt} /> },
    },
  };
  return (
    <PageFrame
      of="people"
      actions={
        mayAdd && (
          <DialogButton kind="primary" icon={<IconAddPerson />} label={t('people.add')}>
            <AddPerson />
          </DialogButton>
        )
      }
    >
      {cards.length > 0 && <PrintedCards cards={cards} onClose={() => setCards([])} />}
      {mayAdd && adding && (
        <Dialog title={t('people.add')} onClose={() => setQuery({ add: null })}>
          <AddPerson />
        </Dialog>
      )}
      <Form class="filters" role="search" onSubmit={() => undefined}>
        <TextField label={t('people.exactly')} hint={t('search.personHint')} type="search" dir="auto" {...typed} />
      </Form>
      <FilterBar names={FILTERS}>
        <SiteField any />
        <SelectFilter
          name="consent"
          label={t('people.consent')}
          options={Person.shape.consent.options.map((one) => [one, t(`people.standing.${one}`)])}
        />
        <SelectFilter
          name="enrolled"
          label={t('people.templates')}
          options={[
            ['true', t('yes')],
            ['false', t('no')],
          ]}
        />
      </FilterBar>
      {!searching ? (
        <DataTable
          {...table}
          counted="people"
          pages={pages}
          empty={{ title: t('people.none'), text: t('people.noneText') }}
        />
      ) : found.error ? (
        <ErrorNote error={found.error} onRetry={found.retry} />
      ) : found.waiting ? (
        <Skeleton rows={4} />
      ) : matches.length > 0 ? (
        <div class="card table-card">
          <SearchCut found={found} />
          <DataTable {...table} rows={matches} />
        </div>
      ) : (
        <Empty title={t('people.noneFound')} text={t(found.cut ? 'search.tooMany' : 'people.noneFoundText')} />
      )}
      <p class="sr-only" role="status">
        {searching && !found.waiting && t('search.count', { count: matches.length })}
      </p>
    </PageFrame>
  );
}

/** Assigns several people to exactly the ticked sites. */
function AssignSites({ people, onDone }: { people: readonly Person[]; onDone: () => void }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  return (
    <DialogButton size="small" label={t('people.assignSites')}>
      <div class="stack">
        <p class="muted">{t('people.assignSitesText', { count: people.length })}</p>
        <CheckFields options={siteOptions()} chosen={chosen} onChosen={setChosen} />
        {chosen.length > 0 && (
          <BulkButton
            kind="primary"
            label={t('people.assignSites')}
            rows={people}
            nameOf={(p) => p.name ?? t('people.unnamed')}
            write={({ id: person }) => api(setPersonSites, { params: { person }, body: { sites: [...chosen] } })}
            undo={({ id: person, sites: before }) =>
              api(setPersonSites, { params: { person }, body: { sites: before } })
            }
            done={onDone}
          />
        )}
      </div>
    </DialogButton>
  );
}

export const Standing = ({ of }: { of: Person['consent'] }) => (
  <Badge kind={of === 'given' ? 'good' : undefined}>{t(`people.standing.${of}`)}</Badge>
);

export function AddPerson() {
  const { values, field } = useFields(
    { name: '', number: '', email: '', phone: '', badge: '', language: '' },
    NewPerson,
  );
  return (
    <WriteForm
      write={() => {
        const given = { name: '', ...Object.fromEntries(Object.entries(values).filter(([, v]) => v.trim() !== '')) };
        // Invalid input is sent unchanged, so that the server reports what is wrong with it.
        return api(createPerson, { body: NewPerson.safeParse(given).data ?? given });
      }}
      ask={() => askIfTaken(values.number)}
      done={(made) => go(`people/${made.id}`)}
      action={t('people.add')}
    >
      <PersonFields names={textFields.filter((name) => name !== 'badge')} field={field} />
      <SelectField
        label={t('people.language')}
        hint={t('people.languageHint')}
        {...field('language')}
        options={languageOptions()}
      />
    </WriteForm>
  );
}
