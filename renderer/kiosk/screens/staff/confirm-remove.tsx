import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../../shared/button.tsx';
import { IconTrash } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { staffErrorText } from './session.ts';

export interface ConfirmRemoveProps {
  readonly title: string;
  readonly text: string;
  /** What the button that removes is called. */
  readonly yes: string;
  /** Removes, and leaves the screen; what it throws is said here. */
  readonly remove: () => Promise<void>;
  readonly cancel: () => void;
}

/** Asks staff before a person, or one of the staff, is removed. */
export function ConfirmRemove({ title, text, yes, remove, cancel }: ConfirmRemoveProps) {
  const error = useSignal('');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const run = (): void =>
    void remove().catch((cause: unknown) => {
      error.value = staffErrorText(cause);
    });
  return (
    <section class="confirm">
      <span class="confirm-icon" data-tone="bad">
        <IconTrash />
      </span>
      <h2 class="title" ref={heading} tabIndex={-1}>
        {title}
      </h2>
      <p class="lead">{text}</p>
      <FormError message={error.value} />
      <div class="actions">
        <Button size="big" onClick={cancel}>
          {t('cancel')}
        </Button>
        <Button kind="primary-danger" size="big" onClick={run}>
          {yes}
        </Button>
      </div>
    </section>
  );
}
