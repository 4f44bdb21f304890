import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, useTypingTarget } from '../../parts/keys.tsx';
import { type StaffSession, staffErrorText } from './session.ts';

const REASONS = ['forgot', 'failed', 'visitor', 'other'] as const;
type Reason = (typeof REASONS)[number];
/** As long as the contract takes. */
const LONGEST = 200;

/**
 * Staff records a check-in for someone whose other methods failed. Direction and reason are asked for, with nothing chosen
 * beforehand: people who read the record later have to be able to rely on both.
 */
export function OverrideForm({
  session,
  person,
  back,
}: {
  session: StaffSession;
  person: PersonRow;
  back: (message?: string) => void;
}) {
  const { core, sounds } = useKiosk();
  const direction = useSignal<'in' | 'out' | null>(null);
  const reason = useSignal<Reason | null>(null);
  const message = useSignal('');
  const error = useSignal('');
  const busy = useSignal(false);
  const title = useRef<HTMLHeadingElement>(null);
  const { root, type } = useTypingTarget();
  useEffect(() => title.current?.focus(), []);

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
      <h2 class="title" ref={title} tabIndex={-1}>
        {t('override.title', { name: person.name })}
      </h2>
      <fieldset class="choice">
        <legend>{t('override.direction')}</legend>
        {(['in', 'out'] as const).map((chosen) => (
          <label key={chosen}>
            <input
              type="radio"
              name="direction"
              value={chosen}
              checked={direction.value === chosen}
              onChange={() => (direction.value = chosen)}
            />
            <span>{t(`override.${chosen}`)}</span>
          </label>
        ))}
      </fieldset>
      <fieldset class="choice">
        <legend>{t('override.reason')}</legend>
        {REASONS.map((why) => (
          <label key={why}>
            <input
              type="radio"
              name="reason"
              value={why}
              checked={reason.value === why}
              onChange={() => (reason.value = why)}
            />
            <span>{t(`override.reasons.${why}`)}</span>
          </label>
        ))}
      </fieldset>
      {reason.value === 'other' && (
        <>
          <label class="field">
            <span>{t('override.other')}</span>
            <input
              name="why"
              dir="auto"
              inputMode="none"
              autocomplete="off"
              maxLength={LONGEST}
              value={message.value}
              onInput={(e) => (message.value = e.currentTarget.value)}
            />
          </label>
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
