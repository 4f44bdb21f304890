import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Focuses an element as soon as it is on the page, and again when a value in `again` changes. An effect that waits for
 * the next frame would be too late: on a slow machine the first keys would go to the element focused before.
 */
export function useFocus<E extends HTMLElement>(...again: unknown[]): RefObject<E | null> {
  const ref = useRef<E>(null);
  useLayoutEffect(() => ref.current?.focus(), again);
  return ref;
}

const FIELDS = ':is(input, select, textarea):not(:disabled, [readonly], [type="hidden"])';
const ACTS = ':is(button, a[href], summary):not(:disabled)';

/**
 * Focuses a dialog's first field, or the one marked `data-start` if those before it are already filled in. Without fields,
 * focuses the first button, which is the one that changes nothing. If that is below the visible part, focuses the heading
 * instead, so that the text before it isn't skipped.
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
