import { useState } from 'preact/hooks';
import { createPerson, listPeople, NewPerson, type Person, setPersonSites } from '../../../sync/protocol/api/people.ts';
import { Button } from '../../shared/button.tsx';
import { IconAddPerson } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { CheckField, Form, SelectField, TextField, useField, useFields } from '../../shared/web/form.tsx';
import { Badge, DialogButton } from '../../shared/web/pieces.tsx';
import { WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SiteField } from '../parts/filters.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { askIfTaken, languageOptions, PersonFields, PersonLink, textFields } from '../parts/person-fields.tsx';
import { BulkButton, DataTable, useList } from '../parts/table.tsx';
import { siteOf, sites } from '../state/places.ts';
import { EnrolPage } from './people/enrol.tsx';
import { PersonPage } from './people/person.tsx';
import { WaitingPage } from './people/waiting.tsx';

export function People({ rest: [person, task], role }: PageProps) {
  if (person && task === 'enrol') return <EnrolPage key={person} person={person} role={role} />;
  if (person && task === 'waiting') return <WaitingPage key={person} id={person} role={role} />;
  if (person) return <PersonPage key={person} person={person} role={role} />;
  return <List mayAdd={role !== 'dpo'} />;
}

export const BY = ['number', 'email', 'badge'] as const;
type By = (typeof BY)[number];

/** Everybody, or the person with exactly this number, address or badge. Names are sealed and can't be searched. */
function List({ mayAdd }: { mayAdd: boolean }) {
  const site = filterOf('site').value;
  const by = useField<By>('number');
  const typed = useField('');
  const [sought, setSought] = useState<Partial<Record<By, string>>>({});
  const pages = useList(listPeople, { query: { site, ...sought } });
  const searching = Object.keys(sought).length > 0;
  const namesakes = (p: Person) => pages.items.some((other) => other.id !== p.id && other.name === p.name);
  return (
    <PageFrame
      of="people"
      actions={
        mayAdd && (
          <DialogButton kind="primary" icon={<IconAddPerson />} label={t('people.add')}>
            <Add />
          </DialogButton>
        )
      }
    >
      <Form
        class="filters"
        role="search"
        onSubmit={() => setSought(typed.value.trim() ? { [by.value]: typed.value.trim() } : {})}
      >
        <SelectField label={t('people.findBy')} {...by} options={BY.map((f) => [f, t(`people.${f}`)])} />
        <TextField label={t('people.exactly')} dir="ltr" {...typed} />
        <Button submit>{t('people.find')}</Button>
        {searching && (
          <Button
            label={t('people.all')}
            onClick={() => {
              typed.onValue('');
              setSought({});
            }}
          />
        )}
      </Form>
      {sites.value.length > 1 && (
        <FilterBar names={['site']}>
          <SiteField any />
        </FilterBar>
      )}
      <DataTable
        id="people"
        counted="people"
        pages={pages}
        caption={t('people.nav')}
        rowKey={(p) => p.id}
        empty={
          searching
            ? { title: t('people.noneFound'), text: t('people.noneFoundText') }
            : { title: t('people.none'), text: t('people.noneText') }
        }
        bulk={mayAdd && sites.value.length > 1 && ((chosen) => <AssignSites people={chosen} onDone={pages.reload} />)}
        columns={{
          name: {
            label: t('people.name'),
            heads: true,
            cell: (p) => <PersonLink id={p.id} name={p.name} number={namesakes(p) ? p.number : null} />,
          },
          number: { label: t('people.number'), cell: (p) => <span dir="ltr">{p.number ?? '–'}</span> },
          email: { label: t('people.email'), cell: (p) => <span dir="ltr">{p.email ?? '–'}</span> },
          consent: { label: t('people.consent'), cell: (p) => <Standing of={p.consent} /> },
          templates: { label: t('people.templates'), numeric: true, cell: (p) => p.templates },
          site: {
            label: t('people.site'),
            cell: (p) => p.sites.map((id) => siteOf(id)?.name ?? '–').join(', ') || '–',
          },
          updatedAt: { label: t('people.changed'), numeric: true, cell: (p) => <Moment at={p.updatedAt} /> },
        }}
      />
    </PageFrame>
  );
}

/** The sites of several people at once: those that are ticked, and no other. */
function AssignSites({ people, onDone }: { people: readonly Person[]; onDone: () => void }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  return (
    <DialogButton size="small" label={t('people.assignSites')}>
      <div class="stack">
        <p class="muted">{t('people.assignSitesText', { count: people.length })}</p>
        {sites.value.map(({ id, name }) => (
          <CheckField
            key={id}
            label={name}
            checked={chosen.includes(id)}
            onChecked={(on) => setChosen(on ? [...chosen, id] : chosen.filter((one) => one !== id))}
          />
        ))}
        {chosen.length > 0 && (
          <BulkButton
            kind="primary"
            label={t('people.assignSites')}
            rows={people}
            write={({ id: person }) => api(setPersonSites, { params: { person }, body: { sites: [...chosen] } })}
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

function Add() {
  const { values, field } = useFields({ name: '', number: '', email: '', phone: '', badge: '', language: '' });
  return (
    <WriteForm
      write={() => {
        const given = { name: '', ...Object.fromEntries(Object.entries(values).filter(([, v]) => v.trim() !== '')) };
        // Not sent in part: the server says what is wrong with it.
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
