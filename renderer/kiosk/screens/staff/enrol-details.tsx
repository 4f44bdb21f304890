import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { isReadableName } from '../../../../electron/contract/name.ts';
import { weakPin } from '../../../../electron/contract/pin.ts';
import { Button } from '../../../shared/button.tsx';
import { type Key, LOCALES, t, tIn } from '../../i18n.ts';
import { Choice, NameField, NUMBER_SHAPE, NumberField, PIN_SHAPE, PinField } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { Title } from '../../parts/title.tsx';

/** As typed. */
export interface Details {
  readonly name: string;
  readonly number: string;
  readonly pin: string;
  readonly language: string;
  /** Below the age of consent: a guardian agrees. */
  readonly minor: boolean;
}

export const NO_DETAILS: Omit<Details, 'language'> = { name: '', number: '', pin: '', minor: false };

/** The first thing that is wrong with what was typed, as a key and the field it belongs to; null when all is well. */
function wrongIn(details: Details): { key: Key; field: 'name' | 'number' | 'pin' } | null {
  const number = details.number.trim();
  if (details.name.trim() === '') return { key: 'enrol.nameMissing', field: 'name' };
  if (!isReadableName(details.name.trim())) return { key: 'enrol.nameUnreadable', field: 'name' };
  if (number !== '' && !NUMBER_SHAPE.test(number)) return { key: 'enrol.numberWrong', field: 'number' };
  if (details.pin !== '' && !PIN_SHAPE.test(details.pin)) return { key: 'enrol.pinWrong', field: 'pin' };
  if (details.pin !== '' && weakPin(details.pin)) return { key: 'enrol.error.pin-weak', field: 'pin' };
  if (details.pin !== '' && number === '') return { key: 'enrol.pinNeedsNumber', field: 'number' };
  return null;
}

/** What is still needed where number and PIN are the check-in method, as a key; null when all is there. */
export function missingForPin({ number, pin }: Details): Key | null {
  return number.trim() === '' || pin === '' ? 'enrol.numberAndPinMissing' : null;
}

interface EnrolDetailsProps {
  steps: string;
  details: Signal<Details>;
  error: Signal<string>;
  /** From which someone agrees themselves, years. */
  age: number;
  byNumber: boolean;
  next: () => void;
}

/**
 * Who it is.
 *
 * @param byNumber without the face: number and PIN are no longer a matter of choice, and this step is the last
 */
export function EnrolDetails({ steps, details, error, age, byNumber, next }: EnrolDetailsProps) {
  const name = useRef<HTMLInputElement>(null);
  const number = useRef<HTMLInputElement>(null);
  const pin = useRef<HTMLInputElement>(null);
  const wrongField = useSignal<string | null>(null);
  useLayoutEffect(() => {
    // Back here for what number and PIN need: where the first of it is missing.
    const { name: given, ...rest } = details.peek();
    const first = !byNumber || given.trim() === '' ? name : rest.number.trim() === '' ? number : pin;
    first.current?.focus();
  }, [byNumber]);
  const set = (change: Partial<Details>): void => {
    details.value = { ...details.value, ...change };
  };
  function submit(): void {
    const wrong = wrongIn(details.value);
    wrongField.value = wrong?.field ?? null;
    error.value = wrong ? t(wrong.key) : '';
    if (wrong) ({ name, number, pin })[wrong.field].current?.focus();
    else next();
  }
  const field = (of: 'name' | 'number' | 'pin', input: RefObject<HTMLInputElement | null>) => ({
    value: details.value[of],
    onValue: (value: string) => set({ [of]: value }),
    input,
    invalid: wrongField.value === of,
  });
  return (
    <TypedForm class="enrol-details" onSubmit={submit}>
      <p class="steps">{byNumber ? t('enrol.withoutFace') : steps}</p>
      <div class="enrol-fields">
        <NameField label={t('enrol.name')} name="name" {...field('name', name)} />
        <NumberField label={t(byNumber ? 'enrol.numberNeeded' : 'enrol.number')} {...field('number', number)} />
        <PinField label={t(byNumber ? 'enrol.pinNeeded' : 'enrol.pin')} {...field('pin', pin)} />
        <Choice
          legend={t('enrol.language')}
          name="language"
          value={details.value.language}
          options={Object.keys(LOCALES).map((l) => [l, <span lang={l}>{tIn(l, 'language')}</span>])}
          choose={(language) => set({ language })}
        />
        {!byNumber && <AgeChoice age={age} minor={details.value.minor} choose={(minor) => set({ minor })} />}
      </div>
      <FormError message={error.value} />
      <Keyboard />
      <Button label={t(byNumber ? 'enrol.save' : 'next')} submit kind="primary" />
    </TypedForm>
  );
}

/** Whether the person agrees, or a guardian for them. */
function AgeChoice({ age, minor, choose }: { age: number; minor: boolean; choose: (minor: boolean) => void }) {
  return (
    <Choice
      legend={t('enrol.age')}
      name="age"
      value={minor ? 'minor' : 'own'}
      options={[
        ['own', t('enrol.older', { age })],
        ['minor', t('enrol.younger', { age })],
      ]}
      choose={(who) => choose(who === 'minor')}
    />
  );
}

interface EnrolKnownProps {
  steps: string;
  person: PersonRow;
  details: Signal<Details>;
  error: Signal<string>;
  age: number;
  next: () => void;
}

/** In place of the details, of someone who is here already: their record stays as it is, and their face comes. */
export function EnrolKnown({ steps, person, details, error, age, next }: EnrolKnownProps) {
  return (
    <form
      class="enrol-known"
      onSubmit={(event) => {
        event.preventDefault();
        next();
      }}
    >
      <p class="steps">{steps}</p>
      <div class="card">
        <Title>
          <bdi>{person.name}</bdi>
        </Title>
        <p class="tabular">
          {person.number === null ? t('people.noNumber') : t('people.number', { number: person.number })}
        </p>
      </div>
      <p class="lead">{t('enrol.knownMore')}</p>
      <AgeChoice
        age={age}
        minor={details.value.minor}
        choose={(minor) => (details.value = { ...details.value, minor })}
      />
      <FormError message={error.value} />
      <Button label={t('next')} submit kind="primary" size="big" />
    </form>
  );
}
