import { ar } from './ar/index.ts';
import { de } from './de/index.ts';
import { en } from './en/index.ts';
import { zh } from './zh/index.ts';

/** Every language of the console, a folder each. */
export const LOCALES = { en, de, ar, zh };
