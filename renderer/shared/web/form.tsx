import type { ComponentChildren, JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Button } from '../button.tsx';
import { IconAlert } from '../icons.tsx';
import type { ApiError } from './api.ts';
import { t } from './i18n.ts';
import { errorText } from './say.ts';
import { WhenInput } from './when-input.tsx';

interface FieldProps {
  readonly label: string;
  /** One sentence below the field. */
  readonly hint?: string | undefined;
  /** The field's error; absent if there is none. */
  readonly error?: string | undefined;
  readonly class?: string;
  /** Unit shown after the value, such as "days". */
  readonly unit?: string | undefined;
}

/** A label, its control, hint and error. The control refers to hint and error by id. */
export function Field({
  label,
  hint,
  error,
  class: name = '',
  unit,
  children,
}: FieldProps & { children: (control: { id: string; 'aria-describedby'?: string }) => ComponentChildren }) {
  const id = useId();
  const described = [unit && `${id}-unit`, hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  const control = children({ id, ...(described && { 'aria-describedby': described }) });
  return (
    <div class={`field ${name}`}>
      <label for={id}>{label}</label>
      {unit === undefined ? (
        control
      ) : (
        <span class="with-unit">
          {control}
          <span id={`${id}-unit`} class="muted">
            {unit}
          </span>
        </span>
      )}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** State of a text field or select: `{...name}` passes it to the field, `name.value` is its value. */
export function useField<V = string>(first: V): { value: V; onValue: (value: V) => void } {
  const [value, onValue] = useState(first);
  return { value, onValue };
}

/** State of a checkbox. */
export function useCheck(first: boolean): { checked: boolean; onChecked: (checked: boolean) => void } {
  const [checked, onChecked] = useState(first);
  return { checked, onChecked };
}

interface TextShape {
  readonly maxLength?: number | null;
  readonly unwrap?: () => unknown;
}

/** The longest text that a schema accepts, also if it is optional. */
const longest = (of: TextShape | undefined): number | undefined =>
  of?.maxLength ?? (of?.unwrap && longest(of.unwrap() as TextShape));

/**
 * State of several fields: `{...field('name')}` passes it to one, `values` are their values.
 *
 * @param sent schema of the request body, which limits the length of each text
 */
export function useFields<Name extends string>(
  first: Readonly<Record<Name, string>>,
  sent?: { readonly shape: Readonly<Record<string, unknown>> },
) {
  const [values, setValues] = useState(first);
  const field = (name: Name) => {
    const maxLength = longest(sent?.shape[name] as TextShape | undefined);
    return {
      value: values[name],
      onValue: (value: string) => setValues((all) => ({ ...all, [name]: value })),
      ...(maxLength !== undefined && { maxLength }),
    };
  };
  return { values, setValues, field };
}

interface Input extends Omit<JSX.IntrinsicElements['input'], keyof FieldProps | 'value' | 'type'> {
  readonly type?: 'text' | 'email' | 'password' | 'date' | 'time' | 'number' | 'search' | 'tel';
}

/** One line of text, or another `type` (`date`: `YYYY-MM-DD`, `time`: `HH:MM`, `password`, `number`). */
export function TextField({
  label,
  hint,
  error,
  class: name,
  unit,
  value,
  onValue,
  type = 'text',
  ...input
}: FieldProps & Input & { value: string; onValue: (value: string) => void }) {
  const [unreadable, setUnreadable] = useState(false);
  const when = type === 'date' || type === 'time';
  const wrong = error ?? (when && unreadable ? t(`when.${type}Wrong`) : undefined);
  return (
    <Field label={label} hint={hint} error={wrong} class={name} unit={unit}>
      {(control) =>
        when ? (
          <WhenInput
            kind={type}
            value={value}
            onValue={onValue}
            onUnreadable={setUnreadable}
            control={{ ...input, ...control, 'aria-invalid': wrong !== undefined }}
          />
        ) : (
          <input
            {...({ type, autocomplete: 'off', ...input, ...control } as object)}
            value={value}
            aria-invalid={wrong !== undefined}
            onInput={(e) => onValue(e.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export function AreaField({
  label,
  hint,
  error,
  value,
  onValue,
  rows = 3,
  ...rest
}: FieldProps & {
  value: string;
  onValue: (value: string) => void;
  rows?: number;
  required?: boolean;
  maxLength?: number;
}) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <textarea
          {...rest}
          {...control}
          rows={rows}
          value={value}
          aria-invalid={error !== undefined}
          onInput={(e) => onValue(e.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** A choice of one. @param options value and label; the value '' means "any" */
export function SelectField<V extends string>({
  value,
  options,
  onValue,
  ...field
}: FieldProps & {
  value: V;
  options: readonly (readonly [value: V, labels: string])[];
  onValue: (value: V) => void;
}) {
  return (
    <Field {...field}>
      {(control) => (
        <select {...control} value={value} onChange={(e) => onValue(options[e.currentTarget.selectedIndex]![0])}>
          {options.map(([key, labels]) => (
            <option key={key} value={key} selected={key === value}>
              {labels}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckFieldProps {
  label: string;
  hint?: string | undefined;
  checked: boolean;
  onChecked: (checked: boolean) => void;
}

export function CheckField({ label, hint, checked, onChecked }: CheckFieldProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        type="checkbox"
        id={id}
        checked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(e) => onChecked(e.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface CheckFieldsProps<V extends string> {
  options: readonly (readonly [value: V, label: string, hint?: string])[];
  chosen: readonly V[];
  onChosen: (chosen: readonly V[]) => void;
}

/** A choice of several, each with a checkbox. */
export const CheckFields = <V extends string>({ options, chosen, onChosen }: CheckFieldsProps<V>) =>
  options.map(([value, label, hint]) => (
    <CheckField
      key={value}
      label={label}
      hint={hint}
      checked={chosen.includes(value)}
      onChecked={(on) => onChosen(on ? [...chosen, value] : chosen.filter((one) => one !== value))}
    />
  ));

/** Shows an error and what to do. Renders nothing for null. */
export function ErrorNote({ error, onRetry }: { error: ApiError | null; onRetry?: (() => void) | undefined }) {
  if (!error) return null;
  const { title, next, lang } = errorText(error);
  return (
    <div class="note" data-kind="bad" role="alert">
      <IconAlert />
      <div lang={lang} dir={lang === undefined ? undefined : 'ltr'}>
        <p class="note-title">{title}</p>
        {next && <p>{next}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>{t('again')}</Button>}
    </div>
  );
}

/** A form that the browser never submits, which the page's policy forbids. */
export function Form({ onSubmit, children, ...rest }: JSX.IntrinsicElements['form'] & { onSubmit: () => void }) {
  return (
    <form
      {...rest}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}

interface SubmitProps {
  danger?: boolean | undefined;
  disabled?: boolean;
  onCancel?: (() => void) | undefined;
  /** Label of the cancel button. */
  cancel?: string | undefined;
  children: ComponentChildren;
}

/** The submit button at the end of a form. With `onCancel`, a cancel button beside it. */
export function Submit({ danger = false, disabled, onCancel, cancel = t('cancel'), children }: SubmitProps) {
  return (
    <div class="actions">
      {onCancel && <Button onClick={onCancel}>{cancel}</Button>}
      <Button submit kind={danger ? 'primary-danger' : 'primary'} disabled={disabled}>
        {children}
      </Button>
    </div>
  );
}
