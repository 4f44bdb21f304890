import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n.ts';

/** The last seconds before a screen closes are announced, so that anyone who needs longer can stay (WCAG 2.2.1). */
const WARNING_S = 10;

/**
 * Calls `done` when nobody has touched, typed or moved for `ms`. Returns the seconds left once they are few, else null.
 *
 * @param alive whenever it changes, it counts as a touch: for work that needs none, such as a capture
 */
export function useIdle(ms: number, done: () => void, alive?: unknown): number | null {
  const left = useSignal<number | null>(null);
  const until = useRef(performance.now() + ms);
  const call = useRef(done);
  call.current = done;
  useEffect(() => {
    until.current = performance.now() + ms;
  }, [alive, ms]);
  useEffect(() => {
    const touch = (): void => {
      until.current = performance.now() + ms;
      left.value = null;
    };
    const events = ['pointerdown', 'keydown', 'input', 'wheel', 'focusin'] as const;
    for (const event of events) document.addEventListener(event, touch, { passive: true });
    const timer = setInterval(() => {
      const rest = until.current - performance.now();
      if (rest <= 0) {
        // A screen that is not closed (the first one) becomes idle again after the same time.
        until.current = performance.now() + ms;
        call.current();
      } else {
        const seconds = Math.ceil(rest / 1000);
        left.value = seconds <= Math.min(WARNING_S, ms / 3000) ? seconds : null;
      }
    }, 250);
    return () => {
      clearInterval(timer);
      for (const event of events) document.removeEventListener(event, touch);
    };
  }, [ms, left]);
  return left.value;
}

/** Closes a screen as `useIdle` does, with a warning before. */
export function Idle({ ms, done, alive }: { ms: number; done: () => void; alive?: unknown }) {
  const left = useIdle(ms, done, alive);
  return (
    <p class="idle tabular" role="status" data-on={left !== null}>
      {left === null ? '' : t('stay', { seconds: left })}
    </p>
  );
}
