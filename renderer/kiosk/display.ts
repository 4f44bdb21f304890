import { effect, type Signal, signal } from '@preact/signals';

/**
 * What a guest may change of the picture: larger text, high contrast, and all that is to be touched in the lower reach of
 * the screen. They are the guest's, and go back when the guest has gone; the system's own wish for contrast stays.
 */
export interface Display {
  readonly large: Signal<boolean>;
  readonly contrast: Signal<boolean>;
  readonly low: Signal<boolean>;
  /** What the kiosk was set to: what `low` goes back to. */
  readonly usuallyLow: Signal<boolean>;
  reset(): void;
}

/** Keeps the switches on `root` as `data-text`, `data-contrast` and `data-reach`, where the style finds them. */
export function createDisplay(root: HTMLElement): Display {
  const large = signal(false);
  const contrast = signal(false);
  const low = signal(false);
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
    reset() {
      large.value = false;
      contrast.value = false;
      low.value = usuallyLow.peek();
    },
  };
}
