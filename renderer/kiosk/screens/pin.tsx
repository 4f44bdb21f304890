import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { weakPin } from '../../../electron/contract/pin.ts';
import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { useFocus } from '../../shared/focus.ts';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { bound, NumberField, PIN_SHAPE, PinField, TYPED_NUMBER } from '../parts/fields.tsx';
import { KeypadScreen } from '../parts/keypad-form.tsx';
import { PIN_SENTENCES, type PinTrouble, pinTroubleOf, usePinText } from '../parts/pin-trouble.ts';

/** Number and PIN: by touch, keyboard or screen reader. */
export function PinScreen() {
  const { core, welcomed } = useKiosk();
  const number = useSignal('');
  const pin = useSignal('');
  const trouble = useSignal<PinTrouble | null>(null);
  const busy = useSignal(false);
  const numberInput = useRef<HTMLInputElement>(null);
  const pinInput = useRef<HTMLInputElement>(null);
  const ledToPin = useRef(false);
  const message = usePinText(trouble, 'pin');
  /** What was typed was a code to choose a PIN by. */
  const choosing = useSignal<{ number: string; code: string } | null>(null);
  useLayoutEffect(() => {
    if (choosing.value === null) (number.peek() === '' ? numberInput : pinInput).current?.focus();
  }, [choosing.value]);

  async function submit(): Promise<void> {
    const typed = number.value.trim();
    // The button looks like the next step after the number, too: the first press leads on, the second says what is
    // missing.
    if (TYPED_NUMBER.test(typed) && pin.value === '' && !ledToPin.current) {
      ledToPin.current = true;
      pinInput.current?.focus();
      return;
    }
    if (!TYPED_NUMBER.test(typed) || !PIN_SHAPE.test(pin.value)) {
      trouble.value = { kind: 'missing' };
      (typed === '' ? numberInput : pinInput).current?.focus();
      return;
    }
    trouble.value = null;
    busy.value = true;
    try {
      const { receipt } = await core.checkinByPin({ number: typed, pin: pin.value });
      welcomed(receipt);
    } catch (error) {
      if (error instanceof RpcError && error.code === 'pin-choose') choosing.value = { number: typed, code: pin.value };
      else {
        trouble.value = pinTroubleOf(error);
        pinInput.current?.focus();
      }
      pin.value = '';
    } finally {
      busy.value = false;
    }
  }

  if (choosing.value)
    return (
      <PinChooseScreen
        {...choosing.value}
        refused={(error) => {
          choosing.value = null;
          trouble.value = pinTroubleOf(error);
        }}
      />
    );
  return (
    <KeypadScreen
      title={t('pin.title')}
      idleMs={45_000}
      submit={t('pin.submit')}
      busy={busy.value}
      error={message}
      letters
      onSubmit={() => void submit()}
    >
      <NumberField label={t('pin.number')} {...bound(number)} input={numberInput} />
      <PinField label={t('pin.pin')} {...bound(pin)} input={pinInput} />
    </KeypadScreen>
  );
}

interface PinChooseScreenProps {
  number: string;
  code: string;
  refused: (error: unknown) => void;
}

/**
 * The person had a code in place of a PIN, and chooses one now: twice, so that it is the one they meant. Nobody else knows it.
 *
 * @param refused the code does not count (any more), or must wait: back to where it is typed
 */
function PinChooseScreen({ number, code, refused }: PinChooseScreenProps) {
  const { core, welcomed } = useKiosk();
  const pin = useSignal('');
  const again = useSignal('');
  const error = useSignal('');
  const busy = useSignal(false);
  const pinInput = useFocus<HTMLInputElement>();
  const againInput = useRef<HTMLInputElement>(null);

  function complain(message: string): void {
    error.value = message;
    pin.value = '';
    again.value = '';
    pinInput.current?.focus();
  }

  async function submit(): Promise<void> {
    error.value = '';
    if (!PIN_SHAPE.test(pin.value)) return complain(t('enrol.pinWrong'));
    if (weakPin(pin.value)) return complain(t('enrol.error.pin-weak'));
    if (again.value === '' && document.activeElement === pinInput.current) {
      againInput.current?.focus();
      return;
    }
    if (again.value !== pin.value) return complain(t('pin.differs'));
    busy.value = true;
    try {
      const { receipt } = await core.pinChoose({ number, code, pin: pin.value });
      welcomed(receipt);
    } catch (cause) {
      if (cause instanceof RpcError && cause.code === 'pin-weak') complain(t('enrol.error.pin-weak'));
      else refused(cause);
    } finally {
      busy.value = false;
    }
  }

  return (
    <KeypadScreen
      title={t(PIN_SENTENCES['pin-choose']())}
      idleMs={45_000}
      submit={t('pin.chooseSubmit')}
      busy={busy.value}
      error={error.value}
      note={t('pin.chooseNote')}
      onSubmit={() => void submit()}
    >
      <PinField label={t('pin.newPin')} name="new-pin" {...bound(pin)} input={pinInput} />
      <PinField label={t('pin.newPinAgain')} name="new-pin-again" {...bound(again)} input={againInput} />
    </KeypadScreen>
  );
}
