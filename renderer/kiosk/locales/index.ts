import { currentLanguage } from '../../shared/i18n.ts';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Every language of the kiosk. Another one is another file and a line here. */
export const LOCALES = { en, de, ar, zh };

/** The person's own language where this kiosk has it, else the screen's. */
export const greetingLanguage = (receipt: { language: string | null }): string =>
  receipt.language !== null && receipt.language in LOCALES ? receipt.language : currentLanguage();
