import { type ReadonlySignal, signal } from '@preact/signals';

/** Why the screen may go dark; null: the system keeps it on, or has not answered yet. */
export type MayGoDark = 'refused' | 'unsupported' | null;

/** Delay before a new request to a system that refused, for example because its battery is low, ms. */
const AGAIN_MS = 60_000;

/**
 * Keeps the screen on while the page is shown. If the system doesn't allow it, the kiosk still works and reports it; otherwise
 * nobody would know why the screen is dark.
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
        // The system may release the lock while the page is shown, for example when the battery runs low.
        lock.addEventListener('release', ask, { once: true });
      },
      () => {
        // The browser refuses a wake lock to a hidden page. We request it again when the page is shown.
        if (page.visibilityState !== 'visible') return;
        dark.value = 'refused';
        again = setTimeout(ask, AGAIN_MS);
      },
    );
  };
  page.addEventListener('visibilitychange', ask); // a lock is released when the page is hidden
  ask();
  return dark;
}
