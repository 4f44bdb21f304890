import { type KeyOf, translations } from '../shared/i18n.ts';
import { SHARED } from '../shared/web/i18n.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** Every language of the console. */
export const LOCALES = {
  en: { ...SHARED.en, ...en },
  de: { ...SHARED.de, ...de },
  ar: { ...SHARED.ar, ...ar },
  zh: { ...SHARED.zh, ...zh },
};
export type Key = KeyOf<typeof LOCALES.en>;
export const { t, hasSentence, keyOr } = translations<Key>();
