/** Keeps the screen from going dark while the page is shown; does nothing where the system does not allow it. */
export function keepAwake(page: Document, wakeLock: WakeLock | undefined): void {
  const ask = (): void => {
    // Refused on a battery that runs low, say; the kiosk works all the same, on a screen that sleeps.
    if (page.visibilityState === 'visible') wakeLock?.request('screen').catch(() => undefined);
  };
  page.addEventListener('visibilitychange', ask); // a lock is lost with the page's visibility
  ask();
}
