import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../../shared/button.tsx';
import { currentLanguage } from '../../../shared/i18n.ts';
import { IconBack } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { errorTextOf } from '../../parts/error-text.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, useTypingTarget } from '../../parts/keys.tsx';

/** The console's code, typed. */
export function SetupTyped({ onDone }: { onDone: () => void }) {
  const { core } = useKiosk();
  const { root, type } = useTypingTarget();
  const input = useRef<HTMLInputElement>(null);
  const code = useSignal('');
  const error = useSignal('');
  useEffect(() => input.current?.focus(), []);
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
      <div class="screen-head">
        <Button class="button-back" onClick={onDone}>
          <IconBack />
          <span>{t('back')}</span>
        </Button>
        <h1 class="title">{t('setup.typeTitle')}</h1>
      </div>
      <form
        class="setup-typed"
        ref={root}
        noValidate
        autocomplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label class="field">
          <span>{t('setup.code')}</span>
          <input
            ref={input}
            class="tabular"
            name="setup-code"
            dir="ltr"
            inputMode="none"
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            maxLength={400}
            value={code.value}
            onInput={(e) => (code.value = e.currentTarget.value)}
          />
        </label>
        <FormError message={error.value} note={t('setup.typeMore')} />
        <Keyboard capitals type={type} />
        <Button submit kind="primary">
          {t('setup.send')}
        </Button>
      </form>
    </main>
  );
}
