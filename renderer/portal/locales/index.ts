import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Every language of a person's own page. */
export const LOCALES = { en, de, ar, zh };
