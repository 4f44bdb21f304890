import { useSignal } from '@preact/signals';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { t } from '../../i18n.ts';
import { bound, PinField } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keypad, TypedForm } from '../../parts/keys.tsx';
import { useAction } from './session.ts';

interface PinFormProps {
  label: string;
  shape: RegExp;
  misshapen: string;
  note?: string;
  save: (pin: string) => Promise<void>;
  cancel: () => void;
}

/**
 * Sets a new PIN, for staff or for someone who checks in.
 *
 * @param misshapen error for a PIN of the wrong form
 * @param note shown while there is no error
 * @param save may throw; the PIN then has to be typed again
 */
export function PinForm({ label, shape, misshapen, note, save, cancel }: PinFormProps) {
  const pin = useSignal('');
  const { error, run } = useAction();
  const input = useFocus<HTMLInputElement>();
  function submit(): void {
    if (!shape.test(pin.value)) {
      error.value = misshapen;
      return;
    }
    void run(
      () => save(pin.value),
      () => {
        pin.value = '';
        input.current?.focus();
      },
    );
  }
  return (
    <TypedForm class="pin-form" onSubmit={submit}>
      <div class="pin-fields">
        <PinField label={label} name="new-pin" {...bound(pin)} input={input} />
        <FormError message={error.value} note={note} />
      </div>
      <Keypad />
      <div class="actions">
        <Button label={t('people.savePin')} submit kind="primary" />
        <Button onClick={cancel}>{t('cancel')}</Button>
      </div>
    </TypedForm>
  );
}
