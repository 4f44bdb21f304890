import { currentLanguage, type KeyOf, translations } from '../shared/i18n.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** Every language of the kiosk. */
export const LOCALES = { en, de, ar, zh };
export type Key = KeyOf<typeof en>;
export const { t, tIn, hasSentence, keyOr } = translations<Key>();

/** The person's own language where this kiosk has it (`de` for `de-AT`), else the screen's. */
export const greetingLanguage = (receipt: { language: string | null }): string => {
  const known = [receipt.language, receipt.language?.split('-')[0]].find((one) => one && Object.hasOwn(LOCALES, one));
  return known ?? currentLanguage();
};
