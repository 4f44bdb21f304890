import { type KeyOf, translations } from '../i18n.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** Sentences that console and portal have in common. */
export const SHARED = { en, de, ar, zh };
export const { t, hasSentence } = translations<KeyOf<typeof en>>();
