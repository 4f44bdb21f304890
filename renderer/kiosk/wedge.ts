/**
 * A badge reader that plays a keyboard ("keyboard wedge"): it types the badge's number faster than anybody can, and ends
 * with Enter. Its keys are distinguished from a person's by their pace alone.
 */

/** The longest pause between two keys of a reader, ms. Slow readers leave 20; the fastest typists need over 60. */
export const READER_GAP_MS = 50;
/** Shorter bursts are a hand touching the keys. */
export const SHORTEST_BADGE = 4;
/** As long as the longest code that is read anywhere. */
const LONGEST = 400;

export interface KeyPress {
  /** As `KeyboardEvent.key` has it. */
  readonly key: string;
  /** ms, when it was pressed: the event's own time, which a busy page does not stretch. */
  readonly at: number;
  /** Ctrl, Alt or Meta is held: a shortcut. */
  readonly chord: boolean;
  /** It goes to a form, where a reader's text belongs to the field. */
  readonly inForm: boolean;
}

/** `take`: the key is the reader's, and must do nothing else. `read`: so is this Enter, and `text` is what was read. */
export type KeyVerdict = { kind: 'pass' } | { kind: 'take' } | { kind: 'read'; text: string };

/** Follows key presses, one after the other. */
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
    // Shift and its like are part of how a reader types capitals.
    if ([...key].length !== 1) return { kind: 'pass' };
    typed = quick && typed.length <= LONGEST ? typed + key : key;
    last = at;
    // The first key may be a person's; from the second on the pace decides. A space would press the focused button.
    return typed.length > 1 ? { kind: 'take' } : { kind: 'pass' };
  };
}

/**
 * Listens to a page's keys before anything on it does.
 *
 * @param wanted false where a reader is not to be heard, in staff's room say
 * @returns how to stop
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
