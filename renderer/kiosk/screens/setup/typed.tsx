import { useSignal } from '@preact/signals';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { currentLanguage } from '../../../shared/i18n.ts';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { errorTextOf } from '../../parts/error-text.ts';
import { bound, TextField } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { ScreenHead } from '../../parts/title.tsx';

/** The console's code, typed. */
export function SetupTyped({ onDone }: { onDone: () => void }) {
  const { core } = useKiosk();
  const input = useFocus<HTMLInputElement>();
  const code = useSignal('');
  const error = useSignal('');
  async function submit(): Promise<void> {
    if (code.value.trim() === '') return input.current?.focus();
    try {
      await core.setupJoin({ code: code.value, language: currentLanguage() });
      onDone();
    } catch (cause) {
      error.value = errorTextOf(cause);
    }
  }
  return (
    <main class="setup setup-form">
      <ScreenHead title={t('setup.typeTitle')} back={onDone} />
      <TypedForm class="setup-typed" onSubmit={() => void submit()}>
        <TextField
          label={t('setup.code')}
          class="tabular"
          name="setup-code"
          dir="ltr"
          autocapitalize="characters"
          maxLength={400}
          {...bound(code)}
          input={input}
        />
        <FormError message={error.value} note={t('setup.typeMore')} />
        <Keyboard capitals />
        <Button label={t('setup.send')} submit kind="primary" />
      </TypedForm>
    </main>
  );
}
