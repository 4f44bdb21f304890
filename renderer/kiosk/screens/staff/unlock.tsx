import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../../shared/i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { PIN_SHAPE, PinField } from '../../parts/fields.tsx';
import { KeypadScreen } from '../../parts/keypad-form.tsx';
import { type PinTrouble, pinTroubleOf, usePinWords } from '../../parts/pin-trouble.ts';
import type { StaffSession } from './session.ts';

/** The staff PIN. */
export function UnlockScreen({ session }: { session: StaffSession }) {
  const { core } = useKiosk();
  const pin = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const words = usePinWords(trouble, 'staff');
  useEffect(() => input.current?.focus(), []);

  async function submit(): Promise<void> {
    const typed = pin.value;
    pin.value = '';
    if (!PIN_SHAPE.test(typed)) {
      trouble.value = { kind: 'wrong' };
      return;
    }
    busy.value = true;
    try {
      const { token } = await core.staffUnlock({ pin: typed });
      session.open(token);
    } catch (error) {
      trouble.value = pinTroubleOf(error);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }

  return (
    <KeypadScreen
      title={t('staff.title')}
      idleMs={30_000}
      submit={t('staff.unlock')}
      busy={busy.value}
      error={words}
      note={session.ended.value ? t('staff.over') : ''}
      onSubmit={() => void submit()}
    >
      <PinField
        label={t('staff.pin')}
        name="staff-pin"
        value={pin.value}
        onValue={(next) => (pin.value = next)}
        input={input}
      />
    </KeypadScreen>
  );
}
