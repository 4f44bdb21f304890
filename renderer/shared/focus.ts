import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Focuses an element as soon as it is on the page, and again when a value in `again` changes. An effect that waits for
 * the next frame would be too late: on a slow machine the first keys would go to what had the focus before.
 */
export function useFocus<E extends HTMLElement>(...again: unknown[]): RefObject<E | null> {
  const ref = useRef<E>(null);
  useLayoutEffect(() => ref.current?.focus(), again);
  return ref;
}

const FIELDS = ':is(input, select, textarea):not(:disabled, [readonly], [type="hidden"])';
const ACTS = ':is(button, a[href], summary):not(:disabled)';

/**
 * Where someone begins in a window: at its first field, or at the one that says `data-start` since those before it are filled
 * in already; where there is none, at its first button, which is the one that
 * leaves things as they are. What stands below the window's edge isn't jumped to over the text before it: then it
 * begins at its heading.
 */
export function focusFirst(window: HTMLDialogElement): void {
  const body = window.querySelector('.dialog-body');
  const field = body?.querySelector<HTMLElement>('[data-start]') ?? body?.querySelector<HTMLElement>(FIELDS);
  const first = field ?? body?.querySelector<HTMLElement>(ACTS);
  const seen = (at: HTMLElement): boolean => {
    const [own, frame] = [at.getBoundingClientRect(), window.getBoundingClientRect()];
    return own.top >= frame.top && own.bottom <= frame.bottom;
  };
  const to = first && seen(first) ? first : window.querySelector('h2');
  to?.focus({ preventScroll: true });
}
