import { focusFirst } from './focus.ts';

/** What receives the focus when the focused element is removed: the nearest of these around it that still exists. */
const PLACES = 'dialog, section, .card, main';

/**
 * Keeps keyboard users in place. When a focused row leaves its list, or a form is redrawn after saving, the browser drops the
 * focus. This moves it to the nearest enclosing place that still exists. A dialog that shows its next step is focused as when
 * it was opened.
 */
export function keepFocus(page: Document): void {
  let around: Element[] = [];
  page.addEventListener('focusin', ({ target }) => {
    around = [];
    for (let at = target instanceof Element ? target : null; at; at = at.parentElement) around.push(at);
  });
  new MutationObserver(() => {
    const [had] = around;
    if (had === undefined || had.isConnected || (page.activeElement ?? page.body) !== page.body) return;
    const place = around.find((at) => at.isConnected && at.matches(PLACES)) ?? page.querySelector('main');
    around = [];
    if (place instanceof HTMLDialogElement) return focusFirst(place);
    if (!(place instanceof HTMLElement)) return;
    if (!place.hasAttribute('tabindex')) {
      place.tabIndex = -1;
      place.addEventListener('blur', () => place.removeAttribute('tabindex'), { once: true });
    }
    place.focus({ preventScroll: true });
  }).observe(page.body, { childList: true, subtree: true });
}
