import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { currentLanguage } from '../../../shared/i18n.ts';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { Choice, digitsOf, NameField, TextField, useChecked } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import type { EnrolStep } from './enrol-details.tsx';
import { type Guardian, wrongWith } from './guardian.ts';

const RELATIONS = ['mother', 'father', 'guardian'] as const;
/** Notices of the core while this machine's clock is wrong. */
const CLOCK_NOTICES: readonly string[] = ['clock-ahead', 'clock-behind'];
type Part = 'day' | 'month' | 'year';
/** The parts of a date in the order of the language. */
const partsIn = (language: string): readonly Part[] =>
  language === 'zh' ? ['year', 'month', 'day'] : ['day', 'month', 'year'];

/** Asks who represents someone below the age of consent, and until when. */
export function EnrolGuardian({ steps, age, guardian, error, next }: EnrolStep) {
  const { wrong, passes } = useChecked(error);
  const first = useFocus<HTMLInputElement>();
  // With a wrong clock the age would be wrong too. The core judges it by trusted time.
  const clockDoubted = useKiosk().link.status.value?.notices.some((code) => CLOCK_NOTICES.includes(code));
  const parts = partsIn(currentLanguage());
  const wrongDay = parts[0]!;
  const set = (change: Partial<Guardian>): void => {
    guardian.value = { ...guardian.value, ...change };
  };
  function submit(form: HTMLFormElement): void {
    const found = wrongWith(guardian.value, age, clockDoubted ? null : Date.now());
    // The date is typed in three fields. An error in it moves the focus to the first of them.
    if (passes(form, found?.field === 'day' ? { ...found, field: wrongDay } : found, { age })) next();
  }
  return (
    <TypedForm class="enrol-details" onSubmit={submit}>
      <p class="steps">{steps}</p>
      <div class="enrol-fields">
        <fieldset class="born wide">
          <legend>{t('enrol.bornOn')}</legend>
          {parts.map((part, i) => (
            <TextField
              key={part}
              label={t(`enrol.born.${part}`)}
              class="tabular"
              name={part}
              dir="ltr"
              maxLength={part === 'year' ? 4 : 2}
              value={guardian.value[part]}
              onValue={(typed) => set({ [part]: digitsOf(typed) })}
              input={i === 0 ? first : undefined}
              invalid={wrong === wrongDay}
            />
          ))}
        </fieldset>
        <NameField
          label={t('enrol.guardianName')}
          name="name"
          dir="auto"
          value={guardian.value.name}
          onValue={(name) => set({ name })}
          invalid={wrong === 'name'}
        />
        <Choice
          legend={t('enrol.relation')}
          name="relation"
          value={guardian.value.relation}
          options={RELATIONS.map((relation) => t(`enrol.relations.${relation}`)).map((word) => [word, word])}
          choose={(relation) => set({ relation })}
        />
      </div>
      <FormError message={error.value} note={t('enrol.guardianWhy')} />
      <Keyboard />
      <Button label={t('next')} submit kind="primary" />
    </TypedForm>
  );
}
