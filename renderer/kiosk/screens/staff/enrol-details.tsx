import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t, tIn } from '../../../shared/i18n.ts';
import { LOCALES } from '../../locales/index.ts';
import { Keyboard, useTypingTarget } from '../../parts/keys.tsx';
import { FormError } from './people.tsx';

/** As typed. */
export interface Details {
  readonly name: string;
  readonly number: string;
  readonly pin: string;
  readonly language: string;
}

export const NO_DETAILS: Omit<Details, 'language'> = { name: '', number: '', pin: '' };

/** The first thing that is wrong with what was typed, as a key and the field it belongs to; null when all is well. */
export function wrongIn(details: Details): { key: string; field: 'name' | 'number' | 'pin' } | null {
  const number = details.number.trim();
  if (details.name.trim() === '') return { key: 'enrol.nameMissing', field: 'name' };
  if (number !== '' && !/^[0-9A-Za-z-]{1,20}$/.test(number)) return { key: 'enrol.numberWrong', field: 'number' };
  if (details.pin !== '' && !/^[0-9]{4,12}$/.test(details.pin)) return { key: 'enrol.pinWrong', field: 'pin' };
  if (details.pin !== '' && number === '') return { key: 'enrol.pinNeedsNumber', field: 'number' };
  return null;
}

/** Step 1: who it is. */
export function EnrolDetails({
  details,
  error,
  next,
}: {
  details: Signal<Details>;
  error: Signal<string>;
  next: () => void;
}) {
  const { root, type } = useTypingTarget();
  const name = useRef<HTMLInputElement>(null);
  const number = useRef<HTMLInputElement>(null);
  const pin = useRef<HTMLInputElement>(null);
  const wrongField = useSignal<string | null>(null);
  useEffect(() => name.current?.focus(), []);
  const set = (change: Partial<Details>): void => {
    details.value = { ...details.value, ...change };
  };
  function submit(event: Event): void {
    event.preventDefault();
    const wrong = wrongIn(details.value);
    wrongField.value = wrong?.field ?? null;
    error.value = wrong ? t(wrong.key) : '';
    if (wrong) ({ name, number, pin })[wrong.field].current?.focus();
    else next();
  }
  const text = (field: 'name' | 'number') => ({
    inputMode: 'none' as const,
    autocomplete: 'off' as const,
    spellcheck: false,
    value: details.value[field],
    'aria-invalid': wrongField.value === field,
    onInput: (e: { currentTarget: HTMLInputElement }) => set({ [field]: e.currentTarget.value }),
  });
  return (
    <form class="enrol-details" ref={root} onSubmit={submit} noValidate autocomplete="off">
      <p class="steps">{t('enrol.step', { index: 1, name: t('enrol.details') })}</p>
      <div class="enrol-fields">
        <label class="field field-wide">
          <span>{t('enrol.name')}</span>
          <input ref={name} name="name" maxLength={200} autocapitalize="words" {...text('name')} />
        </label>
        <label class="field">
          <span>{t('enrol.number')}</span>
          <input ref={number} class="tabular" name="number" maxLength={20} {...text('number')} />
        </label>
        <label class="field">
          <span>{t('enrol.pin')}</span>
          <input
            ref={pin}
            class="tabular"
            name="pin"
            type="password"
            inputMode="none"
            autocomplete="off"
            maxLength={12}
            value={details.value.pin}
            aria-invalid={wrongField.value === 'pin'}
            onInput={(e) => set({ pin: e.currentTarget.value.replace(/\D/g, '') })}
          />
        </label>
        <fieldset class="choice">
          <legend>{t('enrol.language')}</legend>
          {Object.keys(LOCALES).map((l) => (
            <label key={l}>
              <input
                type="radio"
                name="language"
                value={l}
                checked={details.value.language === l}
                onChange={() => set({ language: l })}
              />
              <span lang={l}>{tIn(l, 'language')}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <FormError words={error.value} />
      <Keyboard type={type} />
      <button type="submit" class="button button-main">
        {t('next')}
      </button>
    </form>
  );
}
