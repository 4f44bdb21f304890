import { type KeyOf, translations } from '../shared/i18n.ts';
import { fetchSentences as fetchShared, ENGLISH as SHARED } from '../shared/web/i18n.ts';
import en from './locales/en.json' with { type: 'json' };

export const ENGLISH = { ...SHARED, ...en };
/** The portal's sentences in another language of `LANGUAGES`. */
export const fetchSentences = async (language: string): Promise<typeof ENGLISH> => {
  const [shared, own] = await Promise.all([
    fetchShared(language),
    import(`./locales/${language}.json`, { with: { type: 'json' } }),
  ]);
  return { ...shared, ...own.default };
};
export type Key = KeyOf<typeof ENGLISH>;
export const { t, hasSentence, keyOr } = translations<Key>();
