import { useSignal } from '@preact/signals';
import { useFocus } from '../../shared/focus.ts';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { bound, NumberField, TYPED_NUMBER } from '../parts/fields.tsx';
import { KeypadScreen } from '../parts/keypad-form.tsx';

/** The number that comes before the face. It is not looked up here: a number that nobody has goes on just the same. */
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
