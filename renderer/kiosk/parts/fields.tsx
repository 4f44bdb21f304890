import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren, JSX, Ref } from 'preact';
import { plainDigits } from '../../../electron/contract/pin.ts';
import { type Key, t } from '../i18n.ts';

/** A number as typed when coming in: one that another program assigned may have any character. */
export const TYPED_NUMBER = /^(?=.*[\p{L}\p{N}])\P{Cc}{1,40}$/u;
/** The shape of a number assigned here, and of a PIN: the on-screen keys can type them. */
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

/** A field holds what the signal does: `{...bound(name)}`. */
export const bound = (to: Signal<string>) => ({
  value: to.value,
  onValue: (next: string): void => {
    to.value = next;
  },
});

/** What is wrong with a form: the sentence, and the name of the field. */
export interface Wrong {
  readonly key: Key;
  readonly field: string;
}

/** The fields of a form that are checked before it is sent; the first that is wrong is marked, and gets the focus. */
export function useChecked(error: Signal<string>) {
  const wrong = useSignal<string | null>(null);
  return {
    wrong: wrong.value,
    /** @returns whether nothing is wrong; what is, is said */
    passes(form: HTMLFormElement, found: Wrong | null, values?: Record<string, unknown>): boolean {
      wrong.value = found?.field ?? null;
      error.value = found ? t(found.key, values) : '';
      if (found) form.querySelector<HTMLInputElement>(`[name="${found.field}"]`)?.focus();
      return found === null;
    },
  };
}

/** One line of text. The keys on the glass type it: no system brings its own. */
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

/** A person's number; it may have letters. */
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

/** The digits alone of what was typed, on whatever keyboard. */
export const digitsOf = (typed: string): string => plainDigits(typed).replace(/\D/g, '');

/** A PIN: hidden, and digits alone get in. */
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

/** One of a few options, all visible. */
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
