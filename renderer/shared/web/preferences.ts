import { effect, signal } from '@preact/signals';
import { isLanguage } from '../../../sync/protocol/api/languages.ts';
import { currentLanguage, setLanguage } from '../i18n.ts';
import { firstLanguage } from './languages.ts';

/** This browser's display preferences: language, theme, columns of tables. Stored only on this machine. */

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Returns what this browser has stored under a name; null if nothing. */
export const kept = (name: string): string | null => {
  try {
    return localStorage.getItem(`smartpresence.${name}`);
  } catch {
    return null; // Storage is disabled.
  }
};
/** Stores a value. @param value null: deletes it */
export const keep = (name: string, value: string | null): void => {
  try {
    if (value === null) localStorage.removeItem(`smartpresence.${name}`);
    else localStorage.setItem(`smartpresence.${name}`, value);
  } catch {
    // Storage is disabled. The choice lasts until the page is closed.
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

/** Returns the initial language: the one chosen earlier, else the browser's. */
export function startingLanguage(): string {
  const before = kept('language');
  return before !== null && isLanguage(before) ? before : firstLanguage(navigator.languages);
}

export function chooseLanguage(next: string): void {
  if (next === currentLanguage()) return;
  void setLanguage(next);
  keep('language', next);
}
