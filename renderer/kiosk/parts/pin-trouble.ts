import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { useFocus } from '../../shared/focus.ts';
import { waitOf } from '../../shared/i18n.ts';
import { type Key, t } from '../i18n.ts';
import { errorTextOf } from './error-text.ts';
import { bound } from './fields.tsx';

/** Problems that a PIN screen can show. An unknown number and a wrong PIN deliberately look the same. */
export type PinTrouble =
  | { kind: 'missing' }
  | { kind: 'wrong' | 'weak' }
  | { kind: 'locked'; until: number }
  | { kind: 'error'; error: unknown };

/** Which texts are used: the keypad's, staff's, or a technician's. */
type Group = 'pin' | 'staff' | 'technician';

/** Key of each code's text, in a group. */
export const PIN_SENTENCES = {
  'pin-wrong': (group: Group) => `${group}.wrong` as const,
  'pin-locked': () => 'pin.locked',
  'pin-choose': () => 'pin.chooseTitle',
} as const satisfies Readonly<Record<string, (group: Group) => Key>>;

/** Returns the problem for an error of the core: `pin-wrong`, `pin-weak`, `pin-locked` with its seconds, or any other code. */
export function pinTroubleOf(error: unknown, now = performance.now()): PinTrouble {
  if (!(error instanceof RpcError)) return { kind: 'error', error };
  if (error.code === 'pin-wrong') return { kind: 'wrong' };
  if (error.code === 'pin-weak') return { kind: 'weak' };
  const seconds = error.params.seconds;
  if (error.code === 'pin-locked')
    return { kind: 'locked', until: now + (typeof seconds === 'number' ? seconds : 30) * 1000 };
  return { kind: 'error', error };
}

/** Seconds until the lock ends, counted down. At 0 the trouble is cleared. */
function useCountdown(trouble: Signal<PinTrouble | null>): number {
  const seconds = useSignal(0);
  const value = trouble.value;
  const until = value?.kind === 'locked' ? value.until : null;
  useEffect(() => {
    if (until === null) return;
    const step = (): void => {
      seconds.value = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      if (seconds.value === 0) trouble.value = null;
    };
    step();
    const timer = setInterval(step, 500);
    return () => clearInterval(timer);
  }, [until, seconds, trouble]);
  return until === null ? 0 : seconds.value || Math.ceil((until - performance.now()) / 1000);
}

/** The text for a trouble, updated while a lock runs down; empty if there is none. `group` selects the texts. */
export function usePinText(trouble: Signal<PinTrouble | null>, group: Group): string {
  const seconds = useCountdown(trouble);
  const value = trouble.value;
  switch (value?.kind) {
    case undefined:
      return '';
    case 'missing':
      return t('pin.missing');
    case 'wrong':
      return t(PIN_SENTENCES['pin-wrong'](group));
    case 'weak':
      return t('enrol.error.pin-weak');
    case 'locked':
      return t(PIN_SENTENCES['pin-locked'](), { time: waitOf(seconds) });
    case 'error':
      return errorTextOf(value.error);
  }
}

/**
 * Digits that someone types and the core checks. They are cleared before the check, and the field is focused again if they
 * were refused.
 *
 * @param shape digits that don't match are refused without asking the core
 * @param misshapen problem reported for these
 * @param enter throws the core's error
 */
export function usePinEntry(
  group: Group,
  shape: RegExp,
  enter: (digits: string) => Promise<unknown>,
  misshapen: 'wrong' | 'weak' = 'wrong',
) {
  const typed = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const input = useFocus<HTMLInputElement>();
  const error = usePinText(trouble, group);
  async function submit(): Promise<void> {
    const digits = typed.value;
    typed.value = '';
    if (!shape.test(digits)) {
      trouble.value = { kind: misshapen };
      return;
    }
    busy.value = true;
    try {
      await enter(digits);
    } catch (cause) {
      trouble.value = pinTroubleOf(cause);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }
  return { field: { ...bound(typed), input }, screen: { busy: busy.value, error, onSubmit: () => void submit() } };
}
