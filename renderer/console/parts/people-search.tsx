import { useEffect, useId, useState } from 'preact/hooks';
import { type Person, searchPeople } from '../../../sync/protocol/api/people.ts';
import { Button } from '../../shared/button.tsx';
import { type ApiError, api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { t } from '../i18n.ts';
import { Combobox, type Option } from './combobox.tsx';

/** After the last key, ms: who types a name asks once or twice, and each asking is in the audit log. */
const TYPED_MS = 150;
/** Names are still being opened: how soon they are asked for again, ms. */
const READING_MS = 300;

export interface PeopleSearch {
  readonly items: readonly Person[];
  readonly error: ApiError | null;
  /** No result yet for what was typed. */
  readonly waiting: boolean;
  readonly retry: () => void;
}

/** People who may be meant. An answer to what was typed before is dropped; what is typed is kept nowhere. */
export function usePeopleSearch(typed: string, limit = 10): PeopleSearch {
  const q = typed.trim();
  const [state, setState] = useState<{ q: string; items: readonly Person[]; error: ApiError | null }>({
    q: '',
    items: [],
    error: null,
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (q === '') return setState({ q, items: [], error: null });
    const gone = new AbortController();
    let timer = setTimeout(ask, TYPED_MS);
    async function ask(): Promise<void> {
      const answer = await api(searchPeople, { query: { q, limit }, signal: gone.signal });
      if (gone.signal.aborted) return;
      if (!answer.ok) return setState({ q, items: [], error: answer.error });
      const { items, state: names } = answer.value;
      // Nobody yet may be someone in a moment.
      if (items.length > 0 || names !== 'reading') setState({ q, items, error: null });
      if (names === 'reading') timer = setTimeout(ask, READING_MS);
    }
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [q, limit, round]);
  const waiting = state.q !== q;
  return {
    items: waiting ? [] : state.items,
    error: waiting ? null : state.error,
    waiting,
    retry: () => {
      setState({ q: '', items: [], error: null });
      setRound((n) => n + 1);
    },
  };
}

/** Shown in place of people: nobody, not yet, or an error and what to do. */
export function SearchStatus({ found: { error, waiting, retry } }: { found: PeopleSearch }) {
  if (error) return <ErrorNote error={error} onRetry={retry} />;
  return <p class="muted">{waiting ? t('search.waiting') : t('search.nobody')}</p>;
}

/** A person in a list of what may be meant: by number or address where there is one, since names repeat. */
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
  /** Null: nobody is chosen. */
  readonly value: ChosenPerson | null;
  readonly onPerson: (person: Person | null) => void;
  readonly required?: boolean;
}

export function PersonField({
  label,
  hint = t('search.personHint'),
  value,
  onPerson,
  required = false,
}: PersonFieldProps) {
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
            required={required}
            aria-describedby={hint && `${id}-hint`}
            groups={[
              { id: 'people', label: t('people.nav'), options: found.items.map((p) => personOption(p, pick(p))) },
            ]}
            status={<SearchStatus found={found} />}
          />
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
