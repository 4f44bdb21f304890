/**
 * A badge reader that acts as a keyboard ("keyboard wedge"): it types the badge's number faster than anyone can, and ends with
 * Enter. Only the speed distinguishes its keys from a person's.
 */

/** The longest pause between two keys of a reader, ms. Slow readers pause for 20; the fastest typists for over 60. */
export const READER_GAP_MS = 50;
/** Shorter bursts come from a hand touching the keys. */
export const SHORTEST_BADGE = 4;
/** Length of the longest code that is read anywhere. */
const LONGEST = 400;

export interface KeyPress {
  /** As in `KeyboardEvent.key`. */
  readonly key: string;
  /** When it was pressed, ms: the event's own time, which a busy page does not delay. */
  readonly at: number;
  /** Ctrl, Alt or Meta is held, so this is a shortcut. */
  readonly chord: boolean;
  /** It is typed into a form, where a reader's text belongs to the field. */
  readonly inForm: boolean;
}

/** `take`: the key is the reader's and must have no other effect. `read`: so is this Enter, and `text` was read. */
export type KeyVerdict = { kind: 'pass' } | { kind: 'take' } | { kind: 'read'; text: string };

/** Tracks key presses, one after the other. */
export function createWedge(): (press: KeyPress) => KeyVerdict {
  let typed = '';
  let last = Number.NEGATIVE_INFINITY;
  return ({ key, at, chord, inForm }) => {
    const quick = at - last <= READER_GAP_MS;
    if (inForm || chord) {
      typed = '';
      return { kind: 'pass' };
    }
    if (key === 'Enter') {
      const text = typed;
      typed = '';
      return quick && text.length >= SHORTEST_BADGE && text.length <= LONGEST
        ? { kind: 'read', text }
        : { kind: 'pass' };
    }
    // A reader types capitals with Shift and similar keys.
    if ([...key].length !== 1) return { kind: 'pass' };
    typed = quick && typed.length <= LONGEST ? typed + key : key;
    last = at;
    // The first key may be a person's. From the second on, the speed decides. A space would press the focused button.
    return typed.length > 1 ? { kind: 'take' } : { kind: 'pass' };
  };
}

/**
 * Listens to the page's keys before any other handler.
 *
 * @param wanted false while a reader must be ignored, for example on staff's screens
 * @returns a function that stops listening
 */
export function listenToWedge(page: Document, wanted: () => boolean, read: (text: string) => void): () => void {
  const wedge = createWedge();
  const onKey = (event: KeyboardEvent): void => {
    const target = event.target instanceof Element ? event.target : null;
    const verdict = wedge({
      key: event.key,
      at: event.timeStamp,
      chord: event.ctrlKey || event.altKey || event.metaKey,
      inForm: !wanted() || target?.closest('form, input, textarea, select, [contenteditable]') != null,
    });
    if (verdict.kind === 'pass') return;
    event.preventDefault();
    event.stopPropagation();
    if (verdict.kind === 'read') read(verdict.text);
  };
  page.addEventListener('keydown', onKey, { capture: true });
  return () => page.removeEventListener('keydown', onKey, { capture: true });
}
