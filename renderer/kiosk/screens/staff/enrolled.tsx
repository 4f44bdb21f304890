import { useSignal } from '@preact/signals';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { IconAlert, IconCheck } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { useAction, useStaff } from './session.ts';

interface EnrolledProps {
  person: PersonRow;
  onCard: boolean;
  another: (() => void) | null;
  close: () => void;
}

/**
 * The good end, and the way back from it.
 *
 * @param onCard the person got a card, without which their face is of no use here
 * @param another null: of someone who was here before; then there is nothing to delete again either
 */
export function Enrolled({ person, onCard, another, close }: EnrolledProps) {
  const { core } = useStaff();
  const undone = useSignal(false);
  const { error, run } = useAction();
  const undo = () =>
    run(async () => {
      await core.personDelete({ person: person.id });
      undone.value = true;
    });
  const more = onCard ? 'enrol.enrolledOnCard' : person.templates > 0 ? 'enrol.enrolledMore' : 'enrol.enrolledByNumber';
  return (
    <section class="confirm" data-end="enrolled">
      <span class="confirm-icon" data-tone={undone.value ? 'warn' : 'good'}>
        <IconCheck />
      </span>
      <div role="status">
        <Title at={undone.value}>{undone.value ? t('enrol.undone') : t('enrol.enrolled', { name: person.name })}</Title>
        {!undone.value && <p class="lead">{t(more)}</p>}
      </div>
      <FormError message={error.value} />
      <div class="actions">
        {!undone.value && another && (
          <Button label={t('enrol.undo')} kind="danger" size="big" onClick={() => void undo()} />
        )}
        {another && <Button label={t('enrol.another')} size="big" onClick={another} />}
        <Button label={t('enrol.finish')} kind="primary" size="big" onClick={close} />
      </div>
    </section>
  );
}

/** The other end: nothing was kept. */
export function NotEnrolled({ message, again, close }: { message: string; again: () => void; close: () => void }) {
  return (
    <section class="confirm" data-end="refused">
      <span class="confirm-icon" data-tone="warn">
        <IconAlert />
      </span>
      <p class="title" role="alert">
        {message}
      </p>
      <div class="actions">
        <Button label={t('enrol.beginAgain')} size="big" onClick={again} />
        <Button label={t('close')} kind="primary" size="big" onClick={close} />
      </div>
    </section>
  );
}
