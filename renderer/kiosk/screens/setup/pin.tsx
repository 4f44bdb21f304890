import { useSignal } from '@preact/signals';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import { useFocus } from '../../../shared/focus.ts';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { bound, PIN_SHAPE, PinField } from '../../parts/fields.tsx';
import { KeypadScreen } from '../../parts/keypad-form.tsx';
import { type PinTrouble, pinTroubleOf, usePinText } from '../../parts/pin-trouble.ts';

/** The staff PIN, chosen while the kiosk waits for its approval; or to use the kiosk without a server. */
export function SetupPin({ alone = false, onDone }: { alone?: boolean; onDone: () => void }) {
  const { core } = useKiosk();
  const pin = useSignal('');
  const busy = useSignal(false);
  const weak = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const input = useFocus<HTMLInputElement>();
  const message = usePinText(trouble, 'staff');

  async function submit(): Promise<void> {
    const typed = pin.value;
    pin.value = '';
    weak.value = !PIN_SHAPE.test(typed);
    if (weak.value) return;
    busy.value = true;
    try {
      await (alone ? core.setupAlone({ pin: typed }) : core.setupStaffPin({ pin: typed }));
      onDone();
    } catch (error) {
      weak.value = error instanceof RpcError && error.code === 'pin-weak';
      trouble.value = weak.value ? null : pinTroubleOf(error);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }

  return (
    <KeypadScreen
      title={t(alone ? 'setup.aloneTitle' : 'setup.pinTitle')}
      idleMs={120_000}
      submit={t(alone ? 'setup.aloneDo' : 'setup.pinSave')}
      busy={busy.value}
      error={weak.value ? t('enrol.error.pin-weak') : message || ''}
      note={t(alone ? 'setup.aloneMore' : 'setup.pinMore')}
      onBack={onDone}
      onSubmit={() => void submit()}
    >
      <PinField label={t('staff.pin')} name="setup-pin" {...bound(pin)} input={input} />
    </KeypadScreen>
  );
}
