import { effect, type ReadonlySignal } from '@preact/signals';
import { hourOf } from '../shared/i18n.ts';

/** Hours in which a kiosk is always dark: in a dark hall a bright screen dazzles. */
export const isNight = (hour: number): boolean => hour >= 19 || hour < 7;

/** Returns the theme by explicit choice, the clock, and the system's preference, in that order. */
export function themeFor(wish: string | null, hour: number, systemDark: boolean): 'light' | 'dark' {
  if (wish === 'light' || wish === 'dark') return wish;
  return isNight(hour) || systemDark ? 'dark' : 'light';
}

/**
 * Keeps `data-theme` up to date; `?theme=dark` or `?theme=light` in the page's address forces one.
 * @param set the kiosk's setting; `auto`: none @returns a function that stops
 */
export function keepTheme(
  root: HTMLElement,
  search: string,
  now: () => Date,
  set: ReadonlySignal<'light' | 'dark' | 'auto'>,
): () => void {
  const wish = new URLSearchParams(search).get('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = (): void => {
    root.dataset.theme = themeFor(wish ?? set.peek(), hourOf(now()), system.matches);
  };
  const stop = effect(() => {
    set.value;
    apply();
  });
  system.addEventListener('change', apply);
  const timer = setInterval(apply, 60_000);
  return () => {
    stop();
    clearInterval(timer);
    system.removeEventListener('change', apply);
  };
}
