import { effect, signal } from '@preact/signals';

/**
 * What a guest may change of the picture: larger text, high contrast, and all that is to be touched in the lower reach of
 * the screen. They are the guest's, and go back when the guest has gone; the system's own wish for contrast stays.
 *
 * @param root has them as `data-text`, `data-contrast` and `data-reach`, where the style finds them
 */
export function createDisplay(root: HTMLElement) {
  const large = signal(false);
  const contrast = signal(false);
  const low = signal(false);
  /** What the kiosk was set to: what `low` goes back to. */
  const usuallyLow = signal(false);
  effect(() => {
    low.value = usuallyLow.value;
  });
  effect(() => {
    root.dataset.text = large.value ? 'large' : 'usual';
    root.dataset.contrast = contrast.value ? 'more' : 'usual';
    root.dataset.reach = low.value ? 'low' : 'usual';
  });
  return {
    large,
    contrast,
    low,
    usuallyLow,
    reset(): void {
      large.value = false;
      contrast.value = false;
      low.value = usuallyLow.peek();
    },
  };
}
