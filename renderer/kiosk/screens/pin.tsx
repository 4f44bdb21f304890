import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { useFocus } from '../../shared/focus.ts';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { bound, NumberField, PIN_SHAPE, PinField, TYPED_NUMBER } from '../parts/fields.tsx';
import { KeypadScreen, NewPinScreen } from '../parts/keypad-form.tsx';
import { PIN_SENTENCES, type PinTrouble, pinTroubleOf, usePinText } from '../parts/pin-trouble.ts';

const IDLE_MS = 45_000;

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
  /** The number and code, if what was typed was a code for choosing a PIN. */
  const choosing = useSignal<{ number: string; code: string } | null>(null);
  useLayoutEffect(() => {
    if (choosing.value === null) (number.peek() === '' ? numberInput : pinInput).current?.focus();
  }, [choosing.value]);

  async function submit(): Promise<void> {
    const typed = number.value.trim();
    // The button also looks like the next step after the number. The first press moves to the PIN; the second reports what is
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

  /** Saves the person's own PIN. If the code is not valid (any more), or must wait, returns to where it is typed. */
  async function choose(code: { number: string; code: string }, chosen: string): Promise<void> {
    try {
      welcomed((await core.pinChoose({ ...code, pin: chosen })).receipt);
    } catch (error) {
      if (error instanceof RpcError && error.code === 'pin-weak') throw error;
      choosing.value = null;
      trouble.value = pinTroubleOf(error);
    }
  }

  const code = choosing.value;
  if (code)
    return (
      <NewPinScreen
        title={t(PIN_SENTENCES['pin-choose']())}
        idleMs={IDLE_MS}
        submit={t('pin.chooseSubmit')}
        note={t('pin.chooseNote')}
        shape={PIN_SHAPE}
        misshapen="enrol.pinWrong"
        differs="pin.differs"
        labels={['pin.newPin', 'pin.newPinAgain']}
        name="new-pin"
        save={(chosen) => choose(code, chosen)}
      />
    );
  return (
    <KeypadScreen
      title={t('pin.title')}
      idleMs={IDLE_MS}
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

/** Asks for the number that comes before the face. It is not looked up here: an unknown number continues in the same way. */
export function NumberScreen() {
  const { faceOf } = useKiosk();
  const number = useSignal('');
  const missing = useSignal(false);
  const input = useFocus<HTMLInputElement>();

  function submit(): void {
    const typed = number.value.trim();
    missing.value = !TYPED_NUMBER.test(typed);
    if (missing.value) input.current?.focus();
    else faceOf({ number: typed });
  }

  return (
    <KeypadScreen
      title={t('numberFirst.title')}
      idleMs={30_000}
      submit={t('next')}
      busy={false}
      error={missing.value ? t('numberFirst.missing') : ''}
      note={t('numberFirst.after')}
      letters
      onSubmit={submit}
    >
      <NumberField label={t('pin.number')} {...bound(number)} input={input} invalid={missing.value} />
    </KeypadScreen>
  );
}
