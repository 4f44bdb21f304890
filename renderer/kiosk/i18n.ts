import { currentLanguage, isPresent, type KeyOf, translations } from '../shared/i18n.ts';
import en from './locales/en.json' with { type: 'json' };

export const ENGLISH = en;
/** Loads the kiosk's texts in another of `LANGUAGES`. */
export const fetchSentences = async (language: string): Promise<typeof ENGLISH> =>
  (await import(`./locales/${language}.json`, { with: { type: 'json' } })).default;
export type Key = KeyOf<typeof en>;
export const { t, tIn, hasSentence, keyOr } = translations<Key>();

/** Returns the person's own language if the kiosk has it (`de` for `de-AT`), else the screen's. */
export const greetingLanguage = (receipt: { language: string | null }): string => {
  const known = [receipt.language, receipt.language?.split('-')[0]].find((one) => one && isPresent(one));
  return known ?? currentLanguage();
};
