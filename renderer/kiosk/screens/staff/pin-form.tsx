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
 * Another PIN, for someone of staff or someone who checks in.
 *
 * @param misshapen said where it has not the shape
 * @param note said while nothing is wrong
 * @param save may throw: then the PIN is typed once more
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
