import { focusFirst } from './focus.ts';

/** What receives the focus when the focused element is removed: the nearest of these around it that still exists. */
const PLACES = 'dialog, section, .card, main';

/**
 * Anyone who works by keyboard goes on where they were: a row that leaves its list, or a form that is redrawn after it
 * was saved, takes the focus with it, and the browser gives it to nobody. The nearest place that is left gets it then;
 * a window whose next step has come begins as it did when it was opened.
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
