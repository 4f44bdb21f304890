import type { Ref } from 'preact';

/** A number as it is typed to come in: one that another program gave may have any sign. */
export const TYPED_NUMBER = /^(?=.*[\p{L}\p{N}])\P{Cc}{1,40}$/u;
/** What a number that is given here, and a PIN, look like: the keys on the glass can type them. */
export const NUMBER_SHAPE = /^[0-9A-Za-z-]{1,20}$/;
export const PIN_SHAPE = /^[0-9]{4,12}$/;

interface FieldProps {
  readonly label: string;
  readonly name?: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly input?: Ref<HTMLInputElement | null>;
  readonly invalid?: boolean;
}

/** A person's number; it may have letters. */
export function NumberField({ label, name = 'number', value, onValue, input, invalid }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        ref={input}
        class="tabular"
        name={name}
        dir="ltr"
        inputMode="none"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        maxLength={40}
        value={value}
        aria-invalid={invalid}
        onInput={(e) => onValue(e.currentTarget.value)}
      />
    </label>
  );
}

/** A PIN: hidden, and digits alone get in. */
export function PinField({ label, name = 'pin', value, onValue, input, invalid }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        ref={input}
        class="tabular"
        name={name}
        type="password"
        dir="ltr"
        inputMode="none"
        autocomplete="off"
        maxLength={12}
        value={value}
        aria-invalid={invalid}
        onInput={(e) => onValue(e.currentTarget.value.replace(/\D/g, ''))}
      />
    </label>
  );
}
