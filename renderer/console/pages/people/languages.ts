import { currentLanguage } from '../../../shared/i18n.ts';
import { languageName as nameOf, SPOKEN } from '../../../shared/web/languages.ts';
import { t } from '../../i18n.ts';

export const languageName = (code: string): string => nameOf(code, currentLanguage());

/** For a choice; '' is none. */
export const languageOptions = (): readonly (readonly [string, string])[] => [
  ['', t('people.noLanguage')],
  ...SPOKEN.map((code) => [code, languageName(code)] as const),
];
