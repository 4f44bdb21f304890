import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { weakPin } from '../../../electron/contract/pin.ts';
import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { Button } from '../../shared/button.tsx';
import { useFocus } from '../../shared/focus.ts';
import { IconAlert } from '../../shared/icons.tsx';
import { type Key, t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { errorTextOf } from './error-text.ts';
import { bound, PinField } from './fields.tsx';
import { Idle } from './idle.tsx';
import { SideKey } from './key-button.tsx';
import { Keyboard, Keypad, TypedForm } from './keys.tsx';
import { ScreenHead } from './title.tsx';

interface KeypadScreenProps {
  title: string;
  idleMs: number;
  submit: string;
  busy: boolean;
  /** The error; announced when it appears. */
  error: string;
  /** Shown while there is no error. */
  note?: string;
  /** Whether letters can be typed too. */
  letters?: boolean;
  /** Called by the back button and when idle; returns to the camera if omitted. */
  onBack?: () => void;
  onSubmit: () => void;
  children: ComponentChildren;
}

/**
 * A screen with one or two fields, on-screen keys, one message and one button, shared by number and PIN, the number before
 * the face, and the staff PIN. When idle it closes, and what was typed is discarded.
 */
export function KeypadScreen({
  title,
  idleMs,
  submit,
  busy,
  error,
  note,
  letters = false,
  onBack,
  onSubmit,
  children,
}: KeypadScreenProps) {
  const { home } = useKiosk();
  const typesLetters = useSignal(false);
  const back = onBack ?? (() => home());
  return (
    <main class="screen pin">
      <ScreenHead title={title} back={back} />
      <TypedForm class="pin-form" onSubmit={() => !busy && onSubmit()} data-letters={typesLetters.value}>
        <div class="pin-fields">
          {children}
          <FormError message={error} note={note} />
        </div>
        {typesLetters.value ? (
          <Keyboard
            capitals
            corner={<SideKey onPress={() => (typesLetters.value = false)}>{t('pin.digits')}</SideKey>}
          />
        ) : (
          <Keypad
            corner={letters && <SideKey onPress={() => (typesLetters.value = true)}>{t('pin.letters')}</SideKey>}
          />
        )}
        <Button label={busy ? t('pin.checking') : submit} submit kind="primary" disabled={busy} />
      </TypedForm>
      <Idle ms={idleMs} done={back} />
    </main>
  );
}

/** A form's single error, announced when it appears. */
export function FormError({ message, note = '' }: { message: string; note?: string | undefined }) {
  return (
    <div class="form-error" role="alert">
      {message !== '' ? (
        <>
          <IconAlert />
          <p class="tabular">{message}</p>
        </>
      ) : (
        note !== '' && <p class="hint">{note}</p>
      )}
    </div>
  );
}

interface NewPinScreenProps extends Pick<KeypadScreenProps, 'title' | 'submit' | 'note' | 'onBack' | 'idleMs'> {
  shape: RegExp;
  /** Errors for a PIN of the wrong form, and for two that differ. */
  misshapen: Key;
  differs: Key;
  /** Labels of the two fields, and their name. */
  labels: readonly [first: Key, again: Key];
  name: string;
  /** Throws the core's error. */
  save: (pin: string) => Promise<void>;
}

/** Asks for a new PIN twice, so that no one is locked out by a slip. */
export function NewPinScreen({ shape, misshapen, differs, labels, name, save, ...screen }: NewPinScreenProps) {
  const pin = useSignal('');
  const again = useSignal('');
  const error = useSignal('');
  const busy = useSignal(false);
  const pinInput = useFocus<HTMLInputElement>();
  const againInput = useRef<HTMLInputElement>(null);
  const ledOn = useRef(false);

  function complain(message: string): void {
    error.value = message;
    pin.value = '';
    again.value = '';
    ledOn.current = false;
    pinInput.current?.focus();
  }

  async function submit(): Promise<void> {
    error.value = '';
    if (!shape.test(pin.value)) return complain(t(misshapen));
    if (weakPin(pin.value)) return complain(t('enrol.error.pin-weak'));
    // The button also looks like the next step after the first field, and takes the focus when it is touched.
    if (again.value === '' && !ledOn.current) {
      ledOn.current = true;
      return againInput.current?.focus();
    }
    if (again.value !== pin.value) return complain(t(differs));
    busy.value = true;
    try {
      await save(pin.value);
    } catch (cause) {
      const weak = cause instanceof RpcError && cause.code === 'pin-weak';
      complain(weak ? t('enrol.error.pin-weak') : errorTextOf(cause));
    } finally {
      busy.value = false;
    }
  }

  return (
    <KeypadScreen {...screen} busy={busy.value} error={error.value} onSubmit={() => void submit()}>
      <PinField label={t(labels[0])} name={name} {...bound(pin)} input={pinInput} />
      <PinField label={t(labels[1])} name={`${name}-again`} {...bound(again)} input={againInput} />
    </KeypadScreen>
  );
}
