import { type ReadonlySignal, signal } from '@preact/signals';

/** Why the screen may go dark; null: the system keeps it on, or has not answered yet. */
export type MayGoDark = 'refused' | 'unsupported' | null;

/**
 * Keeps the screen from going dark while the page is shown. Where the system does not let it, the kiosk works all the same, and
 * says so: people would otherwise stand before a dark screen and nobody would know why.
 */
export function keepAwake(page: Document, wakeLock: WakeLock | undefined): ReadonlySignal<MayGoDark> {
  const dark = signal<MayGoDark>(wakeLock ? null : 'unsupported');
  const ask = (): void => {
    if (page.visibilityState !== 'visible') return;
    wakeLock?.request('screen').then(
      (lock) => {
        dark.value = null;
        // Let go by the system while the page is shown: on a battery that runs low, say.
        lock.addEventListener('release', ask, { once: true });
      },
      () => {
        // A page that was hidden meanwhile is refused for that alone, and asks again when it is shown.
        if (page.visibilityState === 'visible') dark.value = 'refused';
      },
    );
  };
  page.addEventListener('visibilitychange', ask); // a lock is lost with the page's visibility
  ask();
  return dark;
}
