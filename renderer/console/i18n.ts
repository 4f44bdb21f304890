import { type KeyOf, translations } from '../shared/i18n.ts';
import { ENGLISH as SHARED, withShared } from '../shared/web/i18n.ts';
import en from './locales/en.json' with { type: 'json' };

export const ENGLISH = { ...SHARED, ...en };
export const fetchSentences = withShared<typeof en>(
  (language) => import(`./locales/${language}.json`, { with: { type: 'json' } }),
);
export type Key = KeyOf<typeof ENGLISH>;
export const { t, hasSentence, keyOr } = translations<Key>();
