import { effect, signal } from '@preact/signals';
import { isLanguage } from '../../../sync/protocol/api/languages.ts';
import { currentLanguage, setLanguage } from '../i18n.ts';
import { firstLanguage } from './languages.ts';

/** How this browser is to show the console: language, theme, columns of tables. Kept on this machine alone. */

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** What this browser was asked to remember; null: nothing. */
export const kept = (name: string): string | null => {
  try {
    return localStorage.getItem(`smartpresence.${name}`);
  } catch {
    return null; // Storage is off: nothing is kept.
  }
};
/** @param value null: forgets it */
export const keep = (name: string, value: string | null): void => {
  try {
    if (value === null) localStorage.removeItem(`smartpresence.${name}`);
    else localStorage.setItem(`smartpresence.${name}`, value);
  } catch {
    // The choice holds until the page is closed.
  }
};

const asked = new URLSearchParams(location.search).get('theme') ?? kept('theme');
export const theme = signal<Theme>(THEMES.find((t) => t === asked) ?? 'system');

effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

export function setTheme(next: Theme): void {
  theme.value = next;
  keep('theme', next);
}

/** The language to begin with: chosen before, else the browser's. */
export function startingLanguage(): string {
  const before = kept('language');
  return before !== null && isLanguage(before) ? before : firstLanguage(navigator.languages);
}

export function chooseLanguage(next: string): void {
  if (next === currentLanguage()) return;
  void setLanguage(next);
  keep('language', next);
}
