import { de } from './de.ts';
import { en } from './en.ts';

/** Every language of the kiosk. Another one is another file and a line here. */
export const LOCALES = { en, de };
