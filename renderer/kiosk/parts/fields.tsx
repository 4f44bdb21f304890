import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren, JSX, Ref } from 'preact';
import { plainDigits } from '../../../electron/contract/pin.ts';
import { type Key, t } from '../i18n.ts';

/** A number as typed at check-in. One that another program assigned may contain any character. */
export const TYPED_NUMBER = /^(?=.*[\p{L}\p{N}])\P{Cc}{1,40}$/u;
/** Patterns of a number assigned here, and of a PIN. The on-screen keys can type both. */
export const NUMBER_SHAPE = /^[0-9A-Za-z-]{1,20}$/;
export const PIN_SHAPE = /^[0-9]{4,12}$/;
export const STAFF_PIN_SHAPE = /^[0-9]{6,12}$/;

type InputProps = Omit<JSX.IntrinsicElements['input'], 'class' | 'label' | 'ref' | 'value' | 'onInput'>;

interface FieldProps extends InputProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly input?: Ref<HTMLInputElement | null> | undefined;
  readonly invalid?: boolean;
  readonly wide?: boolean;
  readonly class?: string;
}

/** Binds a field's value to a signal: `{...bound(name)}`. */
export const bound = (to: Signal<string>) => ({
  value: to.value,
  onValue: (next: string): void => {
    to.value = next;
  },
});

/** An error in a form: the sentence, and the name of the field. */
export interface Wrong {
  readonly key: Key;
  readonly field: string;
}

/** Checks a form before it is sent. The first wrong field is marked and focused. */
export function useChecked(error: Signal<string>) {
  const wrong = useSignal<string | null>(null);
  return {
    wrong: wrong.value,
    /** Shows what is wrong, if anything. @returns whether nothing is */
    passes(form: HTMLFormElement, found: Wrong | null, values?: Record<string, unknown>): boolean {
      wrong.value = found?.field ?? null;
      error.value = found ? t(found.key, values) : '';
      if (found) form.querySelector<HTMLInputElement>(`[name="${found.field}"]`)?.focus();
      return found === null;
    },
  };
}

/** One line of text, typed with the on-screen keys, since no system provides its own. */
export function TextField({ label, onValue, input, invalid, wide = false, ...rest }: FieldProps) {
  return (
    <label class={wide ? 'field wide' : 'field'}>
      <span>{label}</span>
      <input
        ref={input}
        inputMode="none"
        autocomplete="off"
        spellcheck={false}
        {...(rest as JSX.IntrinsicElements['input'])}
        aria-invalid={invalid}
        onInput={(e) => onValue(e.currentTarget.value)}
      />
    </label>
  );
}

export function NameField(props: FieldProps) {
  return <TextField wide data-holds="name" autocapitalize="words" maxLength={200} {...props} />;
}

/** A person's number. It may contain letters. */
export function NumberField({ onValue, ...props }: FieldProps) {
  return (
    <TextField
      class="tabular"
      name="number"
      dir="ltr"
      autocapitalize="characters"
      maxLength={40}
      {...props}
      onValue={(typed) => onValue(plainDigits(typed))}
    />
  );
}

/** Only the digits of what was typed, on any keyboard. */
export const digitsOf = (typed: string): string => plainDigits(typed).replace(/\D/g, '');

/** A PIN: hidden, digits only. */
export function PinField({ onValue, ...props }: FieldProps) {
  return (
    <TextField
      class="tabular"
      name="pin"
      type="password"
      dir="ltr"
      maxLength={12}
      {...props}
      onValue={(typed) => onValue(digitsOf(typed))}
    />
  );
}

/** A choice of one among a few options, all visible. */
export function Choice<V extends string>({
  legend,
  name,
  value,
  options,
  choose,
}: {
  legend: string;
  name: string;
  value: V | null;
  options: readonly (readonly [value: V, label: ComponentChildren])[];
  choose: (value: V) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map(([one, label]) => (
        <label key={one}>
          <input type="radio" name={name} value={one} checked={value === one} onChange={() => choose(one)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
