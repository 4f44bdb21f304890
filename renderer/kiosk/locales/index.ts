import { currentLanguage } from '../../shared/i18n.ts';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Every language of the kiosk. Another one is another file and a line here. */
export const LOCALES = { en, de, ar, zh };

/** The person's own language where this kiosk has it (`de` for `de-AT`), else the screen's. */
export const greetingLanguage = (receipt: { language: string | null }): string => {
  const known = [receipt.language, receipt.language?.split('-')[0]].find((one) => one && Object.hasOwn(LOCALES, one));
  return known ?? currentLanguage();
};
