import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { staffErrorText } from './session.ts';

/**
 * Polls the core while a screen shows the answer.
 *
 * @param ask called at once, and again `everyMs` after each answer; only once without `everyMs`
 * @param first called instead of `ask` until there is an answer
 */
export function usePolled<T>(ask: () => Promise<T>, everyMs?: number, first = ask) {
  const value = useSignal<T | null>(null);
  const error = useSignal('');
  const renew = useRef<(answer?: T) => void>(() => undefined);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let round = 0;
    let over = false;
    const later = (): void => {
      clearTimeout(timer);
      if (everyMs !== undefined) timer = setTimeout(() => void askNow(), everyMs);
    };
    async function askNow(): Promise<void> {
      clearTimeout(timer);
      const mine = ++round;
      try {
        const answer = await (value.peek() === null ? first : ask)();
        if (over || mine !== round) return;
        value.value = answer;
        error.value = '';
      } catch (cause) {
        if (over || mine !== round) return;
        error.value = staffErrorText(cause);
      }
      later();
    }
    renew.current = (answer) => {
      if (answer === undefined) return void askNow();
      round++;
      value.value = answer;
      error.value = '';
      later();
    };
    void askNow();
    return () => {
      over = true;
      clearTimeout(timer);
    };
    // `ask` and `first` don't change while the component is mounted.
  }, []);
  return {
    /** The latest answer; null until there is one. */
    value: value.value,
    /** Why the last call failed; empty if it succeeded. While there is an error, `value` is older. */
    error: error.value,
    /** Asks at once, or uses the given answer, which is newer than any call under way. */
    renew: (answer?: T): void => renew.current(answer),
  };
}
