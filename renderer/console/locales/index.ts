import { de } from './de.ts';
import { en } from './en.ts';

/** Every language of the console. Another one is another file and a line here. */
export const LOCALES = { en, de };
export const LANGUAGES = Object.keys(LOCALES) as (keyof typeof LOCALES)[];

/** The first of the browser's languages that there is. */
export function firstLanguage(wanted: readonly string[]): string {
  const found = wanted.map((l) => l.slice(0, 2).toLowerCase()).find((l) => l in LOCALES);
  return found ?? 'en';
}
