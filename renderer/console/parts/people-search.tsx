import { useEffect, useId, useState } from 'preact/hooks';
import { getPerson, type Person, searchPeople } from '../../../sync/protocol/api/people.ts';
import { Button } from '../../shared/button.tsx';
import { type ApiError, api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useRead } from '../../shared/web/resource.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { Combobox, type Option } from './combobox.tsx';

/** Delay after the last key press, ms. Typing a name then makes one or two requests, each of which is in the audit log. */
const TYPED_MS = 150;

/** Which people to search, as in the page's address. */
interface Which {
  readonly site?: string | undefined;
  readonly consent?: string | undefined;
  readonly enrolled?: string | undefined;
}

export interface PeopleSearch {
  readonly items: readonly Person[];
  readonly error: ApiError | null;
  /** There is no result yet for the current text. */
  readonly waiting: boolean;
  /** Why someone may be missing: there are more matches, or too many people to search by name. */
  readonly cut: 'more' | 'too-many' | null;
  readonly retry: () => void;
  /** Searches again while the previous results stay visible. */
  readonly reload: () => void;
}

const NOTHING = { items: [], error: null, cut: null } as const;

/** Searches people as the user types. Answers for an earlier text are dropped. The text is stored nowhere. */
export function usePeopleSearch(
  typed: string,
  { limit = 10, site, consent, enrolled }: Which & { readonly limit?: number } = {},
): PeopleSearch {
  const q = typed.trim();
  const asked = JSON.stringify([q, site, consent, enrolled]);
  const [state, setState] = useState<Pick<PeopleSearch, 'items' | 'error' | 'cut'> & { asked: string | null }>({
    ...NOTHING,
    asked: null,
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (q === '') return setState({ ...NOTHING, asked });
    const gone = new AbortController();
    const timer = setTimeout(() => void ask(false), TYPED_MS);
    /** Asks at most twice, since each answer shows people and is in the audit log. */
    async function ask(whole: boolean): Promise<void> {
      const which = { site: site || undefined, consent: (consent || undefined) as Person['consent'] | undefined };
      const narrow = { ...which, enrolled: enrolled ? enrolled === 'true' : undefined };
      const answer = await api(searchPeople, { body: { q, limit, ...narrow, whole }, signal: gone.signal });
      if (gone.signal.aborted) return;
      if (!answer.ok) return setState({ ...NOTHING, asked, error: answer.error });
      const { items, more, state: names } = answer.value;
      const cut = more ? 'more' : names === 'too-many' ? names : null;
      // An empty result is not final while the server is still reading names.
      if (items.length > 0 || names !== 'reading') setState({ asked, items, error: null, cut });
      if (names === 'reading') await ask(true);
    }
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [asked, limit, round]);
  const reload = () => setRound((n) => n + 1);
  const waiting = state.asked !== asked;
  return {
    ...(waiting ? NOTHING : state),
    waiting,
    retry: () => {
      setState({ ...NOTHING, asked: null });
      reload();
    },
    reload,
  };
}

/** Shown instead of people: nobody found, still searching, or an error and what to do. */
export function SearchStatus({ found }: { found: PeopleSearch }) {
  const { error, waiting, retry } = found;
  if (error) return <ErrorNote error={error} onRetry={retry} />;
  return (
    <>
      <p class="muted">{waiting ? t('search.waiting') : t('search.nobody')}</p>
      <SearchCut found={found} />
    </>
  );
}

/** Says that someone may be missing, and what to type to find them. */
export function SearchCut({ found: { cut, items } }: { found: PeopleSearch }) {
  if (cut === null) return null;
  return (
    <p class="muted small search-cut">
      {cut === 'more' ? t('search.more', { count: items.length }) : t('search.tooMany')}
    </p>
  );
}

/** A person as a suggestion, with number or address if there is one, since names repeat. */
export const personOption = (person: Person, pick: () => void): Option => ({
  id: person.id,
  label: person.name ?? t('people.unnamed'),
  detail: person.number ?? person.email,
  pick,
});

export type ChosenPerson = Pick<Person, 'id' | 'name'>;

interface PersonFieldProps {
  readonly label: string;
  readonly hint?: string;
  /** Null: nobody is selected. */
  readonly value: ChosenPerson | null;
  readonly onPerson: (person: Person | null) => void;
}

export function PersonField({ label, hint = t('search.personHint'), value, onPerson }: PersonFieldProps) {
  const [typed, setTyped] = useState('');
  const found = usePeopleSearch(value ? '' : typed);
  const id = useId();
  const pick = (person: Person) => () => {
    setTyped('');
    onPerson(person);
  };
  return (
    <div class="field person-field">
      <label for={id}>{label}</label>
      {value ? (
        <div class="person-chosen">
          <output id={id} dir="auto">
            {value.name ?? t('people.unnamed')}
          </output>
          <Button size="small" label={t('search.other')} onClick={() => onPerson(null)} />
        </div>
      ) : (
        <>
          <Combobox
            id={id}
            value={typed}
            onValue={setTyped}
            aria-describedby={hint ? `${id}-hint` : undefined}
            groups={[
              { id: 'people', label: t('people.nav'), options: found.items.map((p) => personOption(p, pick(p))) },
            ]}
            status={<SearchStatus found={found} />}
          />
          {found.items.length > 0 && <SearchCut found={found} />}
          {hint && (
            <p class="field-hint" id={`${id}-hint`}>
              {hint}
            </p>
          )}
        </>
      )}
    </div>
  );
}

/**
 * Filters a list by a person given in the address; without one, it shows everyone's rows.
 *
 * @param then further query values to set when someone is selected
 */
export function PersonFilter({ then = {} }: { then?: Readonly<Record<string, string | null>> }) {
  return (
    <PersonOfId
      label={t('reports.person')}
      id={route.value.query.get('person')}
      onPerson={(chosen) => setQuery({ person: chosen?.id ?? null, ...(chosen && then), row: null })}
    />
  );
}

interface PersonOfIdProps extends Pick<PersonFieldProps, 'label' | 'hint' | 'onPerson'> {
  /** Null: nobody is selected. */
  readonly id: string | null;
}

/** A person field for an id, since names are kept out of addresses. */
export const PersonOfId = ({ id, ...field }: PersonOfIdProps) =>
  id === null ? <PersonField hint="" value={null} {...field} /> : <OnePerson key={id} id={id} {...field} />;

function OnePerson({ id, ...field }: PersonOfIdProps & { id: string }) {
  const { value, error } = useRead(getPerson, { params: { person: id } });
  // For someone who can't be read: the end of the id, as in the audit log.
  const name = value ? value.name : error ? id.slice(-8) : '';
  return <PersonField hint="" value={{ id, name }} {...field} />;
}
