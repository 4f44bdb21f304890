import { t } from '../../../shared/i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { PIN_SHAPE, PinField } from '../../parts/fields.tsx';
import { KeypadScreen } from '../../parts/keypad-form.tsx';
import { usePinEntry } from '../../parts/pin-entry.ts';
import type { StaffSession } from './session.ts';

/** The staff PIN. */
export function UnlockScreen({ session }: { session: StaffSession }) {
  const { core } = useKiosk();
  const pin = usePinEntry('staff', PIN_SHAPE, async (typed) => {
    const { token } = await core.staffUnlock({ pin: typed });
    session.open(token);
  });

  return (
    <KeypadScreen
      title={t('staff.title')}
      idleMs={30_000}
      submit={t('staff.unlock')}
      busy={pin.busy.value}
      error={pin.words}
      note={session.ended.value ? t('staff.over') : ''}
      onSubmit={pin.submit}
    >
      <PinField
        label={t('staff.pin')}
        name="staff-pin"
        value={pin.typed.value}
        onValue={(next) => (pin.typed.value = next)}
        input={pin.input}
      />
    </KeypadScreen>
  );
}
