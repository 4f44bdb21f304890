import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../shared/i18n.ts';
import { IconAlert, IconBack } from '../../shared/icons.tsx';
import { useKiosk } from '../kiosk.ts';
import { IdleNotice, useIdle } from '../parts/idle.tsx';
import { Keyboard, Keypad, useTypingTarget } from '../parts/keys.tsx';
import { type PinTrouble, pinTroubleOf, useCountdown, wordsOf } from '../parts/pin-trouble.ts';

/** Number and PIN: by touch, keyboard or screen reader. */
export function PinScreen() {
  const { core, home, welcomed } = useKiosk();
  const number = useSignal('');
  const pin = useSignal('');
  const trouble = useSignal<PinTrouble | null>(null);
  const busy = useSignal(false);
  const letters = useSignal(false);
  const numberInput = useRef<HTMLInputElement>(null);
  const pinInput = useRef<HTMLInputElement>(null);
  const { root, type } = useTypingTarget();
  const left = useIdle(45_000, () => home());
  const seconds = useCountdown(trouble);
  useEffect(() => numberInput.current?.focus(), []);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy.value) return;
    const typed = number.value.trim();
    if (typed !== '' && pin.value === '' && document.activeElement === numberInput.current) {
      pinInput.current?.focus();
      return;
    }
    if (!/^[0-9A-Za-z-]{1,20}$/.test(typed) || !/^[0-9]{4,12}$/.test(pin.value)) {
      trouble.value = { kind: 'missing' };
      (typed === '' ? numberInput : pinInput).current?.focus();
      return;
    }
    busy.value = true;
    try {
      const { receipt } = await core.checkinByPin({ number: typed, pin: pin.value });
      welcomed(receipt);
    } catch (error) {
      trouble.value = pinTroubleOf(error);
      pin.value = '';
      pinInput.current?.focus();
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
        <h1 class="title">{t('pin.title')}</h1>
      </div>
      <form class="pin-form" ref={root} onSubmit={submit} noValidate autocomplete="off" data-letters={letters.value}>
        <div class="pin-fields">
          <label class="field">
            <span>{t('pin.number')}</span>
            <input
              ref={numberInput}
              class="tabular"
              name="number"
              inputMode="none"
              autocomplete="off"
              autocapitalize="characters"
              spellcheck={false}
              maxLength={20}
              value={number.value}
              onInput={(e) => (number.value = e.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>{t('pin.pin')}</span>
            <input
              ref={pinInput}
              class="tabular"
              name="pin"
              type="password"
              inputMode="none"
              autocomplete="off"
              maxLength={12}
              value={pin.value}
              onInput={(e) => (pin.value = e.currentTarget.value.replace(/\D/g, ''))}
            />
          </label>
          <div class="form-error" role="alert">
            {trouble.value && (
              <>
                <IconAlert />
                <p class="tabular">{wordsOf(trouble.value, seconds, 'pin')}</p>
              </>
            )}
          </div>
        </div>
        {letters.value ? (
          <Keyboard
            capitals
            type={type}
            corner={<Switch label={t('pin.digits')} onPress={() => (letters.value = false)} />}
          />
        ) : (
          <Keypad type={type} corner={<Switch label={t('pin.letters')} onPress={() => (letters.value = true)} />} />
        )}
        <button type="submit" class="button button-main" aria-disabled={busy.value}>
          {busy.value ? t('pin.checking') : t('pin.submit')}
        </button>
      </form>
      <IdleNotice left={left} />
    </main>
  );
}

/** Between digits and letters: numbers may have letters. */
function Switch({ label, onPress }: { label: string; onPress: () => void }) {
  return (
    <button
      type="button"
      class="key key-side"
      onPointerDown={(e) => e.preventDefault()}
      onMouseDown={(e) => e.preventDefault()}
      onClick={onPress}
    >
      {label}
    </button>
  );
}
