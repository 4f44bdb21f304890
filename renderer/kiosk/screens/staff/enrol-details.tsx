import type { Signal } from '@preact/signals';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { weakPin } from '../../../../electron/contract/pin.ts';
import { LANGUAGES } from '../../../../sync/protocol/api/languages.ts';
import { isReadableName } from '../../../../sync/protocol/wire/name.ts';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { ownName, shortName } from '../../../shared/i18n.ts';
import { type Key, t } from '../../i18n.ts';
import {
  Choice,
  NameField,
  NUMBER_SHAPE,
  NumberField,
  PIN_SHAPE,
  PinField,
  useChecked,
  type Wrong,
} from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { Title } from '../../parts/title.tsx';
import type { Guardian } from './guardian.ts';

/** The details as typed. */
export interface Details {
  readonly name: string;
  readonly number: string;
  readonly pin: string;
  readonly language: string;
  /** Below the age of consent: a guardian has to agree. */
  readonly minor: boolean;
}

export const NO_DETAILS: Omit<Details, 'language'> = { name: '', number: '', pin: '', minor: false };

/** Returns the first error in what was typed, as a key and its field; null if there is none. */
function wrongIn(details: Details): Wrong | null {
  const number = details.number.trim();
  if (details.name.trim() === '') return { key: 'enrol.nameMissing', field: 'name' };
  if (!isReadableName(details.name.trim())) return { key: 'enrol.nameUnreadable', field: 'name' };
  if (number !== '' && !NUMBER_SHAPE.test(number)) return { key: 'enrol.numberWrong', field: 'number' };
  if (details.pin !== '' && !PIN_SHAPE.test(details.pin)) return { key: 'enrol.pinWrong', field: 'pin' };
  if (details.pin !== '' && weakPin(details.pin)) return { key: 'enrol.error.pin-weak', field: 'pin' };
  if (details.pin !== '' && number === '') return { key: 'enrol.pinNeedsNumber', field: 'number' };
  return null;
}

/** Returns what is still missing for checking in by number and PIN, as a key; null if nothing. */
export function missingForPin({ number, pin }: Details): Key | null {
  return number.trim() === '' || pin === '' ? 'enrol.numberAndPinMissing' : null;
}

/** What the steps of an enrolment share. */
export interface EnrolStep {
  readonly steps: string;
  readonly details: Signal<Details>;
  readonly guardian: Signal<Guardian>;
  readonly error: Signal<string>;
  readonly busy: boolean;
  /** Age of consent, years. */
  readonly age: number;
  readonly next: () => void;
}

/**
 * Asks who the person is.
 *
 * @param byNumber enrolment without the face: number and PIN are required, and this is the last step
 */
export function EnrolDetails({ steps, details, error, age, byNumber, next }: EnrolStep & { byNumber: boolean }) {
  const { wrong, passes } = useChecked(error);
  const { value } = details;
  // When number and PIN send the user back here, start in the first field that is missing.
  const start = !byNumber || value.name.trim() === '' ? 'name' : value.number.trim() === '' ? 'number' : 'pin';
  const first = useFocus<HTMLInputElement>(byNumber);
  const set = (change: Partial<Details>): void => {
    details.value = { ...details.value, ...change };
  };
  const field = (of: 'name' | 'number' | 'pin') => ({
    name: of,
    value: value[of],
    onValue: (typed: string) => set({ [of]: typed }),
    input: of === start ? first : undefined,
    invalid: wrong === of,
  });
  return (
    <TypedForm class="enrol-details" onSubmit={(form) => passes(form, wrongIn(value)) && next()}>
      <p class="steps">{byNumber ? t('enrol.withoutFace') : steps}</p>
      <div class="enrol-fields">
        <NameField label={t('enrol.name')} {...field('name')} />
        <NumberField label={t(byNumber ? 'enrol.numberNeeded' : 'enrol.number')} {...field('number')} />
        <PinField label={t(byNumber ? 'enrol.pinNeeded' : 'enrol.pin')} {...field('pin')} />
        <Choice
          legend={t('enrol.language')}
          name="language"
          value={value.language}
          options={LANGUAGES.map((l) => [
            l,
            <abbr lang={l} title={ownName(l)}>
              {shortName(l)}
            </abbr>,
          ])}
          choose={(language) => set({ language })}
        />
        {!byNumber && <AgeChoice age={age} details={details} />}
      </div>
      <FormError message={error.value} />
      <Keyboard />
      <Button label={t(byNumber ? 'enrol.save' : 'next')} submit kind="primary" />
    </TypedForm>
  );
}

function AgeChoice({ age, details }: Pick<EnrolStep, 'age' | 'details'>) {
  return (
    <Choice
      legend={t('enrol.age')}
      name="age"
      value={details.value.minor ? 'minor' : 'own'}
      options={[
        ['own', t('enrol.older', { age })],
        ['minor', t('enrol.younger', { age })],
      ]}
      choose={(who) => (details.value = { ...details.value, minor: who === 'minor' })}
    />
  );
}

/** Shown instead of the details for someone already on record: the record is kept, and their face is added. */
export function EnrolKnown({ steps, person, details, error, age, next }: EnrolStep & { person: PersonRow }) {
  return (
    <TypedForm class="enrol-known" onSubmit={next}>
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
      <AgeChoice age={age} details={details} />
      <FormError message={error.value} />
      <Button label={t('next')} submit kind="primary" size="big" />
    </TypedForm>
  );
}
