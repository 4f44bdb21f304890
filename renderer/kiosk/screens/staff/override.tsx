import { useSignal } from '@preact/signals';
import { Button } from '../../../shared/button.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { bound, Choice, TextField } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { Title } from '../../parts/title.tsx';
import { type OfPerson, useAction, useStaff } from './session.ts';

const REASONS = ['forgot', 'failed', 'visitor', 'other'] as const;
type Reason = (typeof REASONS)[number];
/** The contract's limit, in characters. */
const LONGEST = 200;

/**
 * Staff records a check-in for someone whose other methods failed. Direction and reason are required and not preselected,
 * because people who read the record later have to rely on both.
 */
export function OverrideForm({ person, back }: OfPerson) {
  const { sounds } = useKiosk();
  const { core } = useStaff();
  const direction = useSignal<'in' | 'out' | null>(null);
  const reason = useSignal<Reason | null>(null);
  const message = useSignal('');
  const { busy, error, run } = useAction();

  function submit(): void {
    const why =
      reason.value === 'other'
        ? message.value.trim()
        : reason.value === null
          ? ''
          : t(`override.reasons.${reason.value}`);
    const chosen = direction.value;
    if (chosen === null || why === '') {
      error.value = t('override.missing');
      return;
    }
    void run(async () => {
      const { receipt } = await core.staffCheckin({ person: person.id, direction: chosen, reason: why });
      sounds.play(receipt.repeated ? 'again' : receipt.direction);
      const said = receipt.repeated ? 'doneAgain' : receipt.direction === 'in' ? 'doneIn' : 'doneOut';
      back(t(`override.${said}`, { name: person.name }));
    });
  }

  return (
    <TypedForm class="scrolls override" onSubmit={submit}>
      <Title>{t('override.title', { name: person.name })}</Title>
      <Choice
        legend={t('override.direction')}
        name="direction"
        value={direction.value}
        options={(['in', 'out'] as const).map((chosen) => [chosen, t(`override.${chosen}`)])}
        choose={(chosen) => (direction.value = chosen)}
      />
      <Choice
        legend={t('override.reason')}
        name="reason"
        value={reason.value}
        options={REASONS.map((why) => [why, t(`override.reasons.${why}`)])}
        choose={(why) => (reason.value = why)}
      />
      {reason.value === 'other' && (
        <>
          <TextField label={t('override.other')} name="why" dir="auto" maxLength={LONGEST} {...bound(message)} />
          <Keyboard />
        </>
      )}
      <FormError message={error.value} note={t('override.more')} />
      <div class="actions">
        <Button label={t('cancel')} size="big" onClick={() => back()} />
        <Button label={t('override.save')} submit kind="primary" size="big" disabled={busy.value} />
      </div>
    </TypedForm>
  );
}
