import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type StaffSession, staffErrorText } from './session.ts';

/** What is asked of the core again and again while a screen shows it. */
export interface Polled<T> {
  /** The newest answer; null until there is one. */
  readonly value: T | null;
  /** Why the last question was not answered; empty when it was. What is shown then is older. */
  readonly error: string;
  /** Asks at once, or takes this answer, which is newer than any question under way. */
  renew(answer?: T): void;
}

/**
 * @param first asked once; then `again`, `everyMs` after the answer
 */
export function usePolled<T>(
  session: StaffSession,
  first: (token: string) => Promise<T>,
  again: (token: string) => Promise<T>,
  everyMs: number,
): Polled<T> {
  const value = useSignal<T | null>(null);
  const error = useSignal('');
  const renew = useRef<(answer?: T) => void>(() => undefined);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let round = 0;
    let over = false;
    async function ask(): Promise<void> {
      clearTimeout(timer);
      const mine = ++round;
      try {
        const answer = await session.run(value.peek() === null ? first : again);
        if (over || mine !== round) return;
        value.value = answer;
        error.value = '';
      } catch (cause) {
        if (over || mine !== round) return;
        error.value = staffErrorText(cause);
      }
      timer = setTimeout(() => void ask(), everyMs);
    }
    renew.current = (answer) => {
      if (answer === undefined) return void ask();
      round++;
      value.value = answer;
      error.value = '';
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
    // The questions are of the screen that asks; they don't change while it is there.
  }, [session]);
  return {
    value: (value as ReadonlySignal<T | null>).value,
    error: error.value,
    renew: (answer) => renew.current(answer),
  };
}
