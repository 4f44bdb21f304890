/**
 * What the page lets nobody do at its screen, whatever browser shows it: no shortcut of the browser's, no menu, nothing
 * dragged, dropped, selected or zoomed. On an installed kiosk the browser's policy and its command line refuse the same
 * (docs/install/kiosk.md); each holds without the other.
 */

/** What of a key press decides. */
export interface KeyUse {
  /** As `KeyboardEvent.key` has it. */
  readonly key: string;
  readonly shift: boolean;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly meta: boolean;
  /** The third level of a layout, that some count as Ctrl and Alt together. */
  readonly altGraph: boolean;
}

/** Keys besides characters that forms, lists and screen readers need. */
const NEEDED: ReadonlySet<string> = new Set([
  'Tab',
  'Enter',
  'Escape',
  'Backspace',
  'Delete',
  'ArrowUp',
  'ArrowDown',
  'ArrowLeft',
  'ArrowRight',
  'Home',
  'End',
  'PageUp',
  'PageDown',
  'Shift',
  'AltGraph',
  'CapsLock',
  'NumLock',
  'Dead',
  'Compose',
  'Process',
]);

/** Whether a key may reach page and browser. What is not known to be needed may not: browsers get new shortcuts. */
export function keyMayPass({ key, shift, ctrl, alt, meta, altGraph }: KeyUse): boolean {
  const character = [...key].length === 1;
  if (meta) return false;
  if (ctrl || alt) return altGraph && character;
  // Shift and Escape open Chromium's task manager.
  if (key === 'Escape') return !shift;
  return character || NEEDED.has(key);
}

/** The middle button scrolls, pastes and opens links elsewhere; the fourth and fifth go back and forward. */
const BUTTONS_THAT_MAY_PASS = 2;

const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea') !== null;

/** @param page the window whose keys, buttons and touches are looked at before anything else sees them */
export function lockPage(page: Window): void {
  const first = { capture: true, passive: false } as const;
  const refuse = (event: Event): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  page.addEventListener(
    'keydown',
    (event) => {
      const use = {
        key: event.key,
        shift: event.shiftKey,
        ctrl: event.ctrlKey,
        alt: event.altKey,
        meta: event.metaKey,
        altGraph: event.getModifierState('AltGraph'),
      };
      if (!keyMayPass(use)) refuse(event);
    },
    first,
  );
  for (const name of ['mousedown', 'mouseup', 'auxclick', 'pointerdown', 'pointerup'] as const) {
    page.addEventListener(
      name,
      (event) => {
        // The right button's menu is refused below, also where a long press or a key asks for it.
        if (event.button === 1 || event.button > BUTTONS_THAT_MAY_PASS) refuse(event);
      },
      first,
    );
  }
  for (const name of ['contextmenu', 'dragstart', 'dragenter', 'dragover', 'drop', 'copy', 'cut', 'paste'] as const)
    page.addEventListener(name, refuse, first);
  page.addEventListener(
    'selectstart',
    (event) => {
      if (!isField(event.target)) refuse(event);
    },
    first,
  );
  page.addEventListener(
    'wheel',
    (event) => {
      // A touchpad's pinch comes as a wheel with Ctrl, too.
      if (event.ctrlKey) refuse(event);
    },
    first,
  );
  page.addEventListener(
    'touchmove',
    (event) => {
      if (event.touches.length > 1) refuse(event);
    },
    first,
  );
}
