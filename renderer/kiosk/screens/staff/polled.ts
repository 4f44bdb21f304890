import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { staffErrorText } from './session.ts';

/**
 * What is asked of the core again and again while a screen shows it.
 *
 * @param ask asked at once, and again `everyMs` after each answer; without it once
 * @param first asked in its place until there is an answer
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
    // The questions are of the screen that asks; they don't change while it is there.
  }, []);
  return {
    /** The newest answer; null until there is one. */
    value: value.value,
    /** Why the last question was not answered; empty when it was. What is shown then is older. */
    error: error.value,
    /** Asks at once, or takes this answer, which is newer than any question under way. */
    renew: (answer?: T): void => renew.current(answer),
  };
}
