/**
 * Blocks in the page itself, in any browser: the browser's shortcuts and menus, dragging, dropping, selecting and zooming. On
 * an installed kiosk the browser's policy and command line block the same (docs/install/kiosk.md). Each works without the
 * other.
 */

/** The properties of a key press that decide. Of the modifier states only `AltGraph` is queried. */
export type KeyUse = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey' | 'getModifierState'>;

/** Keys besides characters that forms, lists and screen readers need. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['Tab', 'Enter', 'Escape', 'Backspace', 'Delete', 'Home', 'End', 'PageUp', 'PageDown'],
  ...['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Shift', 'AltGraph', 'CapsLock', 'NumLock'],
  ...['Dead', 'Compose', 'Process'],
]);

/** Whether a key may reach page and browser. Only keys known to be needed may, since browsers gain new shortcuts. */
export function keyMayPass(press: KeyUse): boolean {
  const { key } = press;
  const character = [...key].length === 1;
  if (press.metaKey) return false;
  // The third level of a keyboard layout, which some systems report as Ctrl and Alt together.
  if (press.ctrlKey || press.altKey) return press.getModifierState('AltGraph') && character;
  // Shift and Escape open Chromium's task manager.
  if (key === 'Escape') return !press.shiftKey;
  return character || NEEDED.has(key);
}

/** The middle button scrolls, pastes and opens links elsewhere. The fourth and fifth go back and forward. */
const BUTTONS_THAT_MAY_PASS = 2;

const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea') !== null;

/** Locks a page down. @param page the window whose keys, buttons and touches are checked before any other handler */
export function lockPage(page: Window): void {
  const refuse = <K extends keyof WindowEventMap>(
    names: readonly K[],
    refused: (event: WindowEventMap[K]) => boolean,
  ): void => {
    const look = (event: WindowEventMap[K]): void => {
      if (!refused(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    for (const name of names) page.addEventListener(name, look, { capture: true, passive: false });
  };
  refuse(['keydown'], (event) => !keyMayPass(event));
  refuse(
    ['mousedown', 'mouseup', 'auxclick', 'pointerdown', 'pointerup'],
    // The context menu is blocked below, which also covers long presses and the menu key.
    ({ button }) => button === 1 || button > BUTTONS_THAT_MAY_PASS,
  );
  refuse(['contextmenu', 'dragstart', 'dragenter', 'dragover', 'drop', 'copy', 'cut', 'paste'], () => true);
  refuse(['selectstart'], ({ target }) => !isField(target));
  // A touchpad's pinch also arrives as a wheel event with Ctrl.
  refuse(['wheel'], ({ ctrlKey }) => ctrlKey);
  refuse(['touchmove'], ({ touches }) => touches.length > 1);
}
