/**
 * What the page lets nobody do at its screen, whatever browser shows it: no shortcut of the browser's, no menu, nothing
 * dragged, dropped, selected or zoomed. On an installed kiosk the browser's policy and its command line refuse the same
 * (docs/install/kiosk.md); each holds without the other.
 */

/** What of a key press decides; of its modifiers `AltGraph` alone is asked for. */
export type KeyUse = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey' | 'getModifierState'>;

/** Keys besides characters that forms, lists and screen readers need. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['Tab', 'Enter', 'Escape', 'Backspace', 'Delete', 'Home', 'End', 'PageUp', 'PageDown'],
  ...['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Shift', 'AltGraph', 'CapsLock', 'NumLock'],
  ...['Dead', 'Compose', 'Process'],
]);

/** Whether a key may reach page and browser. What is not known to be needed may not: browsers get new shortcuts. */
export function keyMayPass(press: KeyUse): boolean {
  const { key } = press;
  const character = [...key].length === 1;
  if (press.metaKey) return false;
  // The third level of a layout, that some systems count as Ctrl and Alt together.
  if (press.ctrlKey || press.altKey) return press.getModifierState('AltGraph') && character;
  // Shift and Escape open Chromium's task manager.
  if (key === 'Escape') return !press.shiftKey;
  return character || NEEDED.has(key);
}

/** The middle button scrolls, pastes and opens links elsewhere; the fourth and fifth go back and forward. */
const BUTTONS_THAT_MAY_PASS = 2;

const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea') !== null;

/** @param page the window whose keys, buttons and touches are checked before anything else sees them */
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
    // The right button's menu is refused below, also where a long press or a key asks for it.
    ({ button }) => button === 1 || button > BUTTONS_THAT_MAY_PASS,
  );
  refuse(['contextmenu', 'dragstart', 'dragenter', 'dragover', 'drop', 'copy', 'cut', 'paste'], () => true);
  refuse(['selectstart'], ({ target }) => !isField(target));
  // A touchpad's pinch comes as a wheel with Ctrl, too.
  refuse(['wheel'], ({ ctrlKey }) => ctrlKey);
  refuse(['touchmove'], ({ touches }) => touches.length > 1);
}
