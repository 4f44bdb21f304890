import { useSignal } from '@preact/signals';
import { Button } from '../../../shared/button.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { bound, Choice, TextField } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, useTypingTarget } from '../../parts/keys.tsx';
import { Title } from '../../parts/title.tsx';
import { type OfPerson, staffErrorText } from './session.ts';

const REASONS = ['forgot', 'failed', 'visitor', 'other'] as const;
type Reason = (typeof REASONS)[number];
/** As long as the contract takes. */
const LONGEST = 200;

/**
 * Staff records a check-in for someone whose other methods failed. Direction and reason are asked for, with nothing chosen
 * beforehand: people who read the record later have to be able to rely on both.
 */
export function OverrideForm({ session, person, back }: OfPerson) {
  const { core, sounds } = useKiosk();
  const direction = useSignal<'in' | 'out' | null>(null);
  const reason = useSignal<Reason | null>(null);
  const message = useSignal('');
  const error = useSignal('');
  const busy = useSignal(false);
  const { root, type } = useTypingTarget();

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy.value) return;
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
    busy.value = true;
    try {
      const { receipt } = await session.run((token) =>
        core.staffCheckin({ token, person: person.id, direction: chosen, reason: why }),
      );
      sounds.play(receipt.repeated ? 'again' : receipt.direction);
      const said = receipt.repeated ? 'doneAgain' : receipt.direction === 'in' ? 'doneIn' : 'doneOut';
      back(t(`override.${said}`, { name: person.name }));
    } catch (cause) {
      error.value = staffErrorText(cause);
    } finally {
      busy.value = false;
    }
  }

  return (
    <form class="override" ref={root} onSubmit={(event) => void submit(event)} noValidate autocomplete="off">
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
          <Keyboard type={type} />
        </>
      )}
      <FormError message={error.value} note={t('override.more')} />
      <div class="actions">
        <Button size="big" onClick={() => back()}>
          {t('cancel')}
        </Button>
        <Button submit kind="primary" size="big" disabled={busy.value}>
          {t('override.save')}
        </Button>
      </div>
    </form>
  );
}
