import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { weakPin } from '../../../electron/contract/pin.ts';
import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { useFocus } from '../../shared/focus.ts';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { bound, PIN_SHAPE, PinField } from '../parts/fields.tsx';
import { KeypadScreen } from '../parts/keypad-form.tsx';
import { PIN_SENTENCES } from '../parts/pin-trouble.ts';

/**
 * The person had a code in place of a PIN, and chooses one now: twice, so that it is the one they meant. Nobody else knows it.
 *
 * @param refused the code does not count (any more), or must wait: back to where it is typed
 */
export function PinChooseScreen({
  number,
  code,
  refused,
}: {
  number: string;
  code: string;
  refused: (error: unknown) => void;
}) {
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
      title={t(PIN_SENTENCES['pin-choose'][0])}
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
