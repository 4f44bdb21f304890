import type { JSX } from 'preact';

/** A touch must not take the focus from the field. A click by keyboard or screen reader still works. */
const keepFocus = (event: Event): void => event.preventDefault();

/** An on-screen key. The field it types into keeps the focus. */
export function KeyButton({ onPress, ...rest }: JSX.IntrinsicElements['button'] & { onPress: () => void }) {
  return <button type="button" onPointerDown={keepFocus} onMouseDown={keepFocus} onClick={onPress} {...rest} />;
}

/** A key beside the letters and digits, smaller than those. */
export const SideKey = (props: Parameters<typeof KeyButton>[0]) => <KeyButton class="key key-side" {...props} />;
