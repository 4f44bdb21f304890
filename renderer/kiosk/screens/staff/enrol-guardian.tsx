import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../../shared/button.tsx';
import { currentLanguage } from '../../../shared/i18n.ts';
import { t } from '../../i18n.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, useTypingTarget } from '../../parts/keys.tsx';
import { type Guardian, wrongWith } from './guardian.ts';

const RELATIONS = ['mother', 'father', 'guardian'] as const;
type Part = 'day' | 'month' | 'year';
/** In the order in which a language says a day. */
const partsIn = (language: string): readonly Part[] =>
  language === 'zh' ? ['year', 'month', 'day'] : ['day', 'month', 'year'];

/** Who speaks for someone below the age of consent, and until when. */
export function EnrolGuardian({
  steps,
  age,
  guardian,
  error,
  next,
}: {
  steps: string;
  age: number;
  guardian: Signal<Guardian>;
  error: Signal<string>;
  next: () => void;
}) {
  const { root, type, nameField } = useTypingTarget();
  const wrongField = useSignal<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const parts = partsIn(currentLanguage());
  const set = (change: Partial<Guardian>): void => {
    guardian.value = { ...guardian.value, ...change };
  };
  function submit(event: Event): void {
    event.preventDefault();
    const wrong = wrongWith(guardian.value, age, Date.now());
    wrongField.value = wrong?.field ?? null;
    error.value = wrong ? t(wrong.key, { age }) : '';
    if (!wrong) next();
    else if (wrong.field === 'day') first.current?.focus();
    else root.current?.querySelector<HTMLInputElement>(`[name="${wrong.field}"]`)?.focus();
  }
  return (
    <form class="enrol-details" ref={root} onSubmit={submit} noValidate autocomplete="off">
      <p class="steps">{steps}</p>
      <div class="enrol-fields">
        <fieldset class="born field-wide">
          <legend>{t('enrol.bornOn')}</legend>
          {parts.map((part, i) => (
            <label class="field" key={part}>
              <span>{t(`enrol.born.${part}`)}</span>
              <input
                ref={i === 0 ? first : undefined}
                class="tabular"
                name={part}
                dir="ltr"
                inputMode="none"
                autocomplete="off"
                maxLength={part === 'year' ? 4 : 2}
                value={guardian.value[part]}
                aria-invalid={wrongField.value === 'day'}
                onInput={(e) => set({ [part]: e.currentTarget.value.replace(/\D/g, '') })}
              />
            </label>
          ))}
        </fieldset>
        <label class="field field-wide">
          <span>{t('enrol.guardianName')}</span>
          <input
            name="name"
            data-holds="name"
            dir="auto"
            inputMode="none"
            autocomplete="off"
            autocapitalize="words"
            spellcheck={false}
            maxLength={200}
            value={guardian.value.name}
            aria-invalid={wrongField.value === 'name'}
            onInput={(e) => set({ name: e.currentTarget.value })}
          />
        </label>
        <fieldset class="choice">
          <legend>{t('enrol.relation')}</legend>
          {RELATIONS.map((relation) => (
            <label key={relation}>
              <input
                type="radio"
                name="relation"
                value={relation}
                checked={guardian.value.relation === t(`enrol.relations.${relation}`)}
                onChange={() => set({ relation: t(`enrol.relations.${relation}`) })}
              />
              <span>{t(`enrol.relations.${relation}`)}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <FormError message={error.value} note={t('enrol.guardianWhy')} />
      <Keyboard type={type} nameField={nameField} />
      <Button submit kind="primary">
        {t('next')}
      </Button>
    </form>
  );
}
