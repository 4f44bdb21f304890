import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useFocus } from '../../shared/focus.ts';
import { SessionOver } from '../screens/staff/session.ts';
import { type PinTrouble, pinTroubleOf, usePinText } from './pin-trouble.ts';

export interface PinEntry {
  readonly typed: Signal<string>;
  readonly busy: Signal<boolean>;
  readonly trouble: Signal<PinTrouble | null>;
  /** What is wrong, in words; empty: nothing. */
  readonly message: string;
  readonly input: RefObject<HTMLInputElement | null>;
  readonly submit: () => void;
}

/**
 * Digits that staff types and the core judges. They are gone from the screen before they are judged, and the field is
 * ready again when they were wrong.
 *
 * @param shape what is not even asked about else
 * @param enter throws what the core says of them; that a session is over is its own screen's to say
 */
export function usePinEntry(
  who: Parameters<typeof usePinText>[1],
  shape: RegExp,
  enter: (digits: string) => Promise<void>,
): PinEntry {
  const typed = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const input = useFocus<HTMLInputElement>();
  const message = usePinText(trouble, who);
  async function submit(): Promise<void> {
    const digits = typed.value;
    typed.value = '';
    if (!shape.test(digits)) {
      trouble.value = { kind: 'wrong' };
      return;
    }
    busy.value = true;
    try {
      await enter(digits);
    } catch (error) {
      if (error instanceof SessionOver) return;
      trouble.value = pinTroubleOf(error);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }
  return { typed, busy, trouble, message, input, submit: () => void submit() };
}
