import { LANGUAGES, type ProductLanguage } from '../../../sync/protocol/api/languages.ts';
import { currentLanguage } from '../i18n.ts';

export const isLanguage = (name: string): name is ProductLanguage => LANGUAGES.some((language) => language === name);

/** The first of the browser's languages that there is. */
export const firstLanguage = (wanted: readonly string[]): string =>
  wanted.map((l) => l.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';

/** Languages that a person may be greeted and asked in. */
export const SPOKEN: readonly string[] = [...LANGUAGES, 'fr', 'es', 'it', 'pl', 'tr', 'uk', 'ru'];

/** What a language is called in the reader's own, or in another. */
export const languageName = (code: string, reader = currentLanguage()): string =>
  new Intl.DisplayNames([reader], { type: 'language' }).of(code) ?? code;
