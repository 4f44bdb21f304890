import { ar } from './ar/index.ts';
import { de } from './de/index.ts';
import { en } from './en/index.ts';
import { zh } from './zh/index.ts';

/** Every language of the console, a folder each. */
export const LOCALES = { en, de, ar, zh };

type Language = keyof typeof LOCALES;

/** In their own words, as the switch shows them. */
export const LANGUAGES: readonly (readonly [Language, string])[] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
  ['ar', 'العربية'],
  ['zh', '中文'],
];

export const isLanguage = (name: string): name is Language => Object.hasOwn(LOCALES, name);

/** The first of the browser's languages that there is. */
export const firstLanguage = (wanted: readonly string[]): string =>
  wanted.map((l) => l.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
