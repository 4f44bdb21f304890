import { currentLanguage, t } from '../../../shared/i18n.ts';

/** Languages that a person may be greeted and asked in; their names in the reader's own. */
const LANGUAGES = ['en', 'de', 'ar', 'zh', 'fr', 'es', 'it', 'pl', 'tr', 'uk', 'ru'];

export function languageName(code: string): string {
  return new Intl.DisplayNames([currentLanguage()], { type: 'language' }).of(code) ?? code;
}

/** For a choice; '' is none. */
export const languageOptions = (): readonly (readonly [string, string])[] => [
  ['', t('people.noLanguage')],
  ...LANGUAGES.map((code) => [code, languageName(code)] as const),
];
