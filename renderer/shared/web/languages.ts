import { isLanguage, LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import { currentLanguage } from '../i18n.ts';

/** The first of the browser's languages that is available. */
export const firstLanguage = (wanted: readonly string[]): string =>
  wanted.map((l) => l.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';

/** Languages in which a person may be greeted and asked for consent. */
export const SPOKEN: readonly string[] = [...LANGUAGES, 'it', 'uk', 'ru'];

/** Returns a language's name in the reader's language. */
export const languageName = (code: string): string =>
  new Intl.DisplayNames([currentLanguage()], { type: 'language' }).of(code) ?? code;
