import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../../shared/i18n.ts';
import { IconAlert, IconBack } from '../../../shared/icons.tsx';
import { useKiosk } from '../../kiosk.ts';
import { IdleNotice, useIdle } from '../../parts/idle.tsx';
import { Keypad, useTypingTarget } from '../../parts/keys.tsx';
import { type PinTrouble, pinTroubleOf, useCountdown, wordsOf } from '../../parts/pin-trouble.ts';
import type { StaffSession } from './session.ts';

/** The staff PIN. */
export function UnlockScreen({ session }: { session: StaffSession }) {
  const { core, home } = useKiosk();
  const pin = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const { root, type } = useTypingTarget();
  const left = useIdle(30_000, () => home());
  const seconds = useCountdown(trouble);
  useEffect(() => input.current?.focus(), []);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy.value) return;
    const typed = pin.value;
    pin.value = '';
    if (!/^[0-9]{4,12}$/.test(typed)) {
      trouble.value = { kind: 'wrong' };
      return;
    }
    busy.value = true;
    try {
      const { token } = await core.staffUnlock({ pin: typed });
      session.open(token);
    } catch (error) {
      trouble.value = pinTroubleOf(error);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }

  return (
    <main class="pin">
      <div class="screen-head">
        <button type="button" class="button button-back" onClick={() => home()}>
          <IconBack />
          <span>{t('back')}</span>
        </button>
        <h1 class="title">{t('staff.title')}</h1>
      </div>
      <form class="pin-form" ref={root} onSubmit={submit} noValidate autocomplete="off">
        <div class="pin-fields">
          <label class="field">
            <span>{t('staff.pin')}</span>
            <input
              ref={input}
              class="tabular"
              name="staff-pin"
              type="password"
              inputMode="none"
              autocomplete="off"
              maxLength={12}
              value={pin.value}
              onInput={(e) => (pin.value = e.currentTarget.value.replace(/\D/g, ''))}
            />
          </label>
          <div class="form-error" role="alert">
            {trouble.value ? (
              <>
                <IconAlert />
                <p class="tabular">{wordsOf(trouble.value, seconds, 'staff')}</p>
              </>
            ) : (
              session.ended.value && <p>{t('staff.over')}</p>
            )}
          </div>
        </div>
        <Keypad type={type} />
        <button type="submit" class="button button-main" aria-disabled={busy.value}>
          {busy.value ? t('pin.checking') : t('staff.unlock')}
        </button>
      </form>
      <IdleNotice left={left} />
    </main>
  );
}
