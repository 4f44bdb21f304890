import { type ReadonlySignal, signal } from '@preact/signals';

/** Why the screen may go dark; null: the system keeps it on, or has not answered yet. */
export type MayGoDark = 'refused' | 'unsupported' | null;

/** A system that refuses, because its battery is low say, is asked again after this, ms. */
const AGAIN_MS = 60_000;

/**
 * Keeps the screen from going dark while the page is shown. Where the system does not let it, the kiosk works all the same, and
 * says so: people would otherwise stand before a dark screen and nobody would know why.
 */
export function keepAwake(page: Document, wakeLock: WakeLock | undefined): ReadonlySignal<MayGoDark> {
  const dark = signal<MayGoDark>(wakeLock ? null : 'unsupported');
  let again: ReturnType<typeof setTimeout> | undefined;
  const ask = (): void => {
    clearTimeout(again);
    if (page.visibilityState !== 'visible') return;
    wakeLock?.request('screen').then(
      (lock) => {
        dark.value = null;
        // Let go by the system while the page is shown: on a battery that runs low, say.
        lock.addEventListener('release', ask, { once: true });
      },
      () => {
        // A page that was hidden meanwhile is refused for that alone, and asks again when it is shown.
        if (page.visibilityState !== 'visible') return;
        dark.value = 'refused';
        again = setTimeout(ask, AGAIN_MS);
      },
    );
  };
  page.addEventListener('visibilitychange', ask); // a lock is lost with the page's visibility
  ask();
  return dark;
}
