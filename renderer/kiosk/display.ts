import { effect, signal } from '@preact/signals';

/**
 * What a guest may change about the display: larger text, high contrast, and controls within reach at the bottom of the
 * screen. All are reset when the guest leaves. The system's own contrast preference still applies.
 *
 * @param root gets them as `data-text`, `data-contrast` and `data-reach`, for the style sheets
 */
export function createDisplay(root: HTMLElement) {
  const large = signal(false);
  const contrast = signal(false);
  const low = signal(false);
  /** The kiosk's own setting, which `low` is reset to. */
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
