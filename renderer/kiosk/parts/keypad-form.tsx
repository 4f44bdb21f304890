import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Button } from '../../shared/button.tsx';
import { IconAlert } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { Idle } from './idle.tsx';
import { SideKey } from './key-button.tsx';
import { Keyboard, Keypad, TypedForm } from './keys.tsx';
import { ScreenHead } from './title.tsx';

/**
 * A screen of one or two fields with keys on the glass, one thing to say, and one button: what number and PIN, number
 * before the face, and the staff PIN have in common. Left alone it closes, and what was typed goes with it.
 */
export function KeypadScreen({
  title,
  idleMs,
  submit,
  busy,
  error,
  note,
  letters = false,
  onBack,
  onSubmit,
  children,
}: {
  title: string;
  idleMs: number;
  /** Words of the button. */
  submit: string;
  busy: boolean;
  /** What is wrong; read out when it comes. */
  error: string;
  /** Said in its place while nothing is wrong. */
  note?: string;
  /** Whether letters can be typed too. */
  letters?: boolean;
  /** Where the way back leads, and an idle screen; to the camera without it. */
  onBack?: () => void;
  onSubmit: () => void;
  children: ComponentChildren;
}) {
  const { home } = useKiosk();
  const typesLetters = useSignal(false);
  const back = onBack ?? (() => home());
  return (
    <main class="pin">
      <ScreenHead title={title} back={back} />
      <TypedForm class="pin-form" onSubmit={() => !busy && onSubmit()} data-letters={typesLetters.value}>
        <div class="pin-fields">
          {children}
          <FormError message={error} note={note} />
        </div>
        {typesLetters.value ? (
          <Keyboard
            capitals
            corner={<SideKey onPress={() => (typesLetters.value = false)}>{t('pin.digits')}</SideKey>}
          />
        ) : (
          <Keypad
            corner={letters && <SideKey onPress={() => (typesLetters.value = true)}>{t('pin.letters')}</SideKey>}
          />
        )}
        <Button label={busy ? t('pin.checking') : submit} submit kind="primary" disabled={busy} />
      </TypedForm>
      <Idle ms={idleMs} done={back} />
    </main>
  );
}

/** A form's one complaint, read out when it comes. */
export function FormError({ message, note = '' }: { message: string; note?: string | undefined }) {
  return (
    <div class="form-error" role="alert">
      {message !== '' ? (
        <>
          <IconAlert />
          <p class="tabular">{message}</p>
        </>
      ) : (
        note !== '' && <p class="hint">{note}</p>
      )}
    </div>
  );
}
