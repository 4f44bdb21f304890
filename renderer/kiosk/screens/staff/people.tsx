import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { momentOf } from '../../../shared/i18n.ts';
import { IconTrash } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { PIN_SHAPE } from '../../parts/fields.tsx';
import { Keyboard, useTypingTarget } from '../../parts/keys.tsx';
import { CardsScreen } from './cards.tsx';
import { ConfirmRemove } from './confirm-remove.tsx';
import { EnrolScreen } from './enrol.tsx';
import { OverrideForm } from './override.tsx';
import { PinForm } from './pin-form.tsx';
import { type StaffSession, staffErrorText } from './session.ts';

type Doing = { kind: 'list' } | { kind: 'checkin' | 'enrol' | 'card' | 'pin' | 'remove'; person: PersonRow };

/** Find people; check one in by hand; enrol a face; print a card; set a PIN; delete. */
export function PeopleScreen({ session, alive }: { session: StaffSession; alive: () => void }) {
  const doing = useSignal<Doing>({ kind: 'list' });
  const query = useSignal('');
  const done = useSignal('');
  const back = (message = ''): void => {
    done.value = message;
    doing.value = { kind: 'list' };
  };
  const now = doing.value;
  if (now.kind === 'checkin') return <OverrideForm session={session} person={now.person} back={back} />;
  if (now.kind === 'enrol')
    return <EnrolScreen session={session} known={now.person} close={() => back()} alive={alive} />;
  if (now.kind === 'card') return <CardsScreen session={session} person={now.person} back={back} />;
  if (now.kind === 'pin') return <SetPin session={session} person={now.person} back={back} />;
  if (now.kind === 'remove') return <Remove session={session} person={now.person} back={back} />;
  return (
    <Search
      session={session}
      query={query}
      done={done.value}
      choose={(next) => {
        done.value = '';
        doing.value = next;
      }}
    />
  );
}

/** Between the last key and the question to the core, so that a name is not asked for letter by letter. */
const PAUSE_MS = 200;

function Search({
  session,
  query,
  done,
  choose,
}: {
  session: StaffSession;
  query: { value: string };
  done: string;
  choose: (next: Doing) => void;
}) {
  const { core, recognises } = useKiosk();
  const people = useSignal<PersonRow[] | null>(null);
  const error = useSignal('');
  const input = useRef<HTMLInputElement>(null);
  const { root, type, nameField } = useTypingTarget();
  useEffect(() => input.current?.focus(), []);
  const asked = query.value.trim();
  useEffect(() => {
    if (asked === '') {
      people.value = null;
      return;
    }
    let stale = false;
    const timer = setTimeout(async () => {
      try {
        const found = await session.run((token) => core.peopleFind({ token, query: asked }));
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
  }, [asked, core, error, people, session]);

  return (
    <form class="people" ref={root} onSubmit={(e) => e.preventDefault()} noValidate autocomplete="off">
      <label class="field">
        <span>{t('people.search')}</span>
        <input
          ref={input}
          name="query"
          data-holds="name"
          inputMode="none"
          autocomplete="off"
          spellcheck={false}
          maxLength={100}
          value={query.value}
          onInput={(e) => {
            query.value = e.currentTarget.value;
          }}
        />
      </label>
      <div class="people-found">
        <p class="hint" role="status">
          {error.value || done || summary(people.value)}
        </p>
        <ul>
          {people.value?.map((person) => (
            <li key={person.id} class="person">
              <div class="person-words">
                <p class="person-name">
                  <bdi>{person.name}</bdi>
                </p>
                <p class="person-facts tabular">
                  {[
                    person.number === null ? t('people.noNumber') : t('people.number', { number: person.number }),
                    t(person.hasPin ? 'people.withPin' : 'people.noPin'),
                    t('people.templates', { count: person.templates }),
                    ...(person.cards > 0 ? [t('people.cards', { count: person.cards })] : []),
                    t('people.since', { when: momentOf(new Date(person.enrolledAt)) }),
                  ].join(' · ')}
                </p>
              </div>
              <Button
                aria-label={`${t('people.checkin')}: ${person.name}`}
                onClick={() => choose({ kind: 'checkin', person })}
              >
                {t('people.checkin')}
              </Button>
              {recognises.value && (
                <Button
                  aria-label={`${t(person.templates > 0 ? 'people.reenrol' : 'people.enrol')}: ${person.name}`}
                  onClick={() => choose({ kind: 'enrol', person })}
                >
                  {t(person.templates > 0 ? 'people.reenrol' : 'people.enrol')}
                </Button>
              )}
              <Button
                aria-label={`${t('people.card')}: ${person.name}`}
                onClick={() => choose({ kind: 'card', person })}
              >
                {t('people.card')}
              </Button>
              {person.number !== null && (
                <Button
                  aria-label={`${t('people.setPin')}: ${person.name}`}
                  onClick={() => choose({ kind: 'pin', person })}
                >
                  {t('people.setPin')}
                </Button>
              )}
              {session.unlocked.value?.may.includes('personDelete') && (
                <Button
                  kind="danger"
                  aria-label={`${t('people.remove')}: ${person.name}`}
                  onClick={() => choose({ kind: 'remove', person })}
                >
                  <IconTrash />
                  <span>{t('people.remove')}</span>
                </Button>
              )}
            </li>
          ))}
        </ul>
      </div>
      <Keyboard type={type} nameField={nameField} />
    </form>
  );
}

function summary(people: PersonRow[] | null): string {
  if (people === null) return t('people.hint');
  return people.length === 0 ? t('people.nobody') : t('people.found', { count: people.length });
}

function SetPin({
  session,
  person,
  back,
}: {
  session: StaffSession;
  person: PersonRow;
  back: (message?: string) => void;
}) {
  const { core } = useKiosk();
  return (
    <PinForm
      label={t('people.newPin', { name: person.name })}
      shape={PIN_SHAPE}
      misshapen={t('enrol.pinWrong')}
      save={async (pin) => {
        await session.run((token) => core.personSetPin({ token, person: person.id, pin }));
        back(t('people.pinSaved', { name: person.name }));
      }}
      cancel={() => back()}
    />
  );
}

function Remove({
  session,
  person,
  back,
}: {
  session: StaffSession;
  person: PersonRow;
  back: (message?: string) => void;
}) {
  const { core } = useKiosk();
  return (
    <ConfirmRemove
      title={t('people.removeAsk', { name: person.name })}
      text={t('people.removeText')}
      yes={t('people.removeYes')}
      remove={async () => {
        await session.run((token) => core.personDelete({ token, person: person.id }));
        back(t('people.removed', { name: person.name }));
      }}
      cancel={() => back()}
    />
  );
}
