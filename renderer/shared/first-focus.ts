const FIELDS = ':is(input, select, textarea):not(:disabled, [readonly], [type="hidden"])';
const ACTS = ':is(button, a[href], summary):not(:disabled)';

/**
 * Where someone begins in a window: at its first field; where there is none, at its first button, which is the one that
 * leaves things as they are. What stands below the window's edge isn't jumped to over the text before it: then it
 * begins at its heading.
 */
export function focusFirst(window: HTMLDialogElement): void {
  const body = window.querySelector('.dialog-body');
  const first = body?.querySelector<HTMLElement>(FIELDS) ?? body?.querySelector<HTMLElement>(ACTS);
  const seen = (at: HTMLElement): boolean => {
    const [own, frame] = [at.getBoundingClientRect(), window.getBoundingClientRect()];
    return own.top >= frame.top && own.bottom <= frame.bottom;
  };
  const to = first && seen(first) ? first : window.querySelector('h2');
  to?.focus({ preventScroll: true });
}
