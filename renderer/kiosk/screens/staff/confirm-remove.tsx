import type { ComponentChildren } from 'preact';
import { Button } from '../../../shared/button.tsx';
import { IconTrash } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { useAction } from './session.ts';

interface ConfirmRemoveProps {
  readonly icon?: ComponentChildren;
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  /** Removes, and leaves the screen. Errors it throws are shown here. */
  readonly remove: () => Promise<void>;
  readonly cancel: () => void;
}

/** Asks staff before something is removed. */
export function ConfirmRemove({ icon = <IconTrash />, title, text, yes, remove, cancel }: ConfirmRemoveProps) {
  const { error, run } = useAction();
  return (
    <section class="confirm">
      <span class="confirm-icon tone-bad">{icon}</span>
      <Title>{title}</Title>
      <p class="lead">{text}</p>
      <FormError message={error.value} />
      <div class="actions">
        <Button label={t('cancel')} size="big" onClick={cancel} />
        <Button kind="primary-danger" size="big" onClick={() => void run(remove)}>
          {yes}
        </Button>
      </div>
    </section>
  );
}
