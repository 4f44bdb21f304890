import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import type { ButtonProps } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { momentOf } from '../../../shared/i18n.ts';
import { IconTrash } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { bound, PIN_SHAPE, TextField } from '../../parts/fields.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { PersonItem, RowButton } from '../../parts/rows.tsx';
import { CardsScreen } from './cards.tsx';
import { ConfirmRemove } from './confirm-remove.tsx';
import { EnrolScreen } from './enrol.tsx';
import { OverrideForm } from './override.tsx';
import { PinForm } from './pin-form.tsx';
import { staffErrorText, useStaff } from './session.ts';

type Task = 'checkin' | 'enrol' | 'card' | 'pin' | 'remove';
type Doing = { kind: 'list' } | { kind: Task; person: PersonRow };

/** Find people, check them in by hand, enrol a face, print a card, set a PIN, delete. */
export function PeopleScreen() {
  const { core } = useStaff();
  const doing = useSignal<Doing>({ kind: 'list' });
  const query = useSignal('');
  const done = useSignal('');
  const back = (message = ''): void => {
    done.value = message;
    doing.value = { kind: 'list' };
  };
  const now = doing.value;
  if (now.kind === 'checkin') return <OverrideForm person={now.person} back={back} />;
  if (now.kind === 'enrol') return <EnrolScreen known={now.person} close={() => back()} />;
  if (now.kind === 'card') return <CardsScreen person={now.person} back={back} />;
  if (now.kind === 'pin')
    return (
      <PinForm
        label={t('people.newPin', { name: now.person.name })}
        shape={PIN_SHAPE}
        misshapen={t('enrol.pinWrong')}
        save={async (pin) => {
          await core.personSetPin({ person: now.person.id, pin });
          back(t('people.pinSaved', { name: now.person.name }));
        }}
        cancel={() => back()}
      />
    );
  if (now.kind === 'remove')
    return (
      <ConfirmRemove
        title={t('people.removeAsk', { name: now.person.name })}
        text={t('people.removeText')}
        yes={t('people.removeYes')}
        remove={async () => {
          await core.personDelete({ person: now.person.id });
          back(t('people.removed', { name: now.person.name }));
        }}
        cancel={() => back()}
      />
    );
  return (
    <Search
      query={query}
      done={done.value}
      choose={(next) => {
        done.value = '';
        doing.value = next;
      }}
    />
  );
}

/** Delay between the last key press and the search, so that the core is not asked for every letter. */
const PAUSE_MS = 200;

function Search({ query, done, choose }: { query: Signal<string>; done: string; choose: (next: Doing) => void }) {
  const { recognises } = useKiosk();
  const { core, unlocked } = useStaff();
  const people = useSignal<PersonRow[] | null>(null);
  const error = useSignal('');
  const input = useFocus<HTMLInputElement>();
  const asked = query.value.trim();
  useEffect(() => {
    if (asked === '') {
      people.value = null;
      return;
    }
    let stale = false;
    const timer = setTimeout(async () => {
      try {
        const found = await core.peopleFind({ query: asked });
        if (!stale) people.value = found.people;
        error.value = '';
      } catch (cause) {
        if (!stale) error.value = staffErrorText(cause);
      }
    }, PAUSE_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [asked]);
  const button = (person: PersonRow, kind: Task, label: string, look?: ButtonProps) => (
    <RowButton {...look} label={label} of={person.name} onClick={() => choose({ kind, person })} />
  );

  return (
    <TypedForm class="people" onSubmit={() => undefined}>
      <TextField
        label={t('people.search')}
        name="query"
        data-holds="name"
        maxLength={100}
        {...bound(query)}
        input={input}
      />
      <div class="people-found">
        <p class="hint" role="status">
          {error.value || done || summary(people.value)}
        </p>
        <ul>
          {people.value?.map((person) => (
            <PersonItem
              key={person.id}
              name={<bdi>{person.name}</bdi>}
              facts={[
                person.number === null ? t('people.noNumber') : t('people.number', { number: person.number }),
                t(person.hasPin ? 'people.withPin' : 'people.noPin'),
                t('people.templates', { count: person.templates }),
                ...(person.cards > 0 ? [t('people.cards', { count: person.cards })] : []),
                t('people.since', { when: momentOf(new Date(person.enrolledAt)) }),
              ].join(' · ')}
            >
              {button(person, 'checkin', t('people.checkin'))}
              {recognises.value && button(person, 'enrol', t(person.templates > 0 ? 'people.reenrol' : 'people.enrol'))}
              {button(person, 'card', t('people.card'))}
              {person.number !== null && button(person, 'pin', t('people.setPin'))}
              {unlocked.value?.may.includes('personDelete') &&
                button(person, 'remove', t('people.remove'), { kind: 'danger', icon: <IconTrash /> })}
            </PersonItem>
          ))}
        </ul>
      </div>
      <Keyboard />
    </TypedForm>
  );
}

function summary(people: PersonRow[] | null): string {
  if (people === null) return t('people.hint');
  return people.length === 0 ? t('people.nobody') : t('people.found', { count: people.length });
}
