import { currentLanguage } from '../i18n.ts';

/** The languages of the pages that the server serves, in their own words, as the switch shows them. */
export const LANGUAGES = [
  ['en', 'English'],
  ['de', 'Deutsch'],
  ['ar', 'العربية'],
  ['zh', '中文'],
] as const;

export type Language = (typeof LANGUAGES)[number][0];

export const isLanguage = (name: string): name is Language => LANGUAGES.some(([language]) => language === name);

/** The first of the browser's languages that there is. */
export const firstLanguage = (wanted: readonly string[]): string =>
  wanted.map((l) => l.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';

/** Languages that a person may be greeted and asked in. */
export const SPOKEN: readonly string[] = ['en', 'de', 'ar', 'zh', 'fr', 'es', 'it', 'pl', 'tr', 'uk', 'ru'];

/** What a language is called in the reader's own. */
export const languageName = (code: string): string =>
  new Intl.DisplayNames([currentLanguage()], { type: 'language' }).of(code) ?? code;
