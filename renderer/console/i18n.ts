import enKinds from '../../sync/protocol/api/data-kinds/en.json' with { type: 'json' };
import { type KeyOf, translations } from '../shared/i18n.ts';
import { ENGLISH as SHARED, withShared } from '../shared/web/i18n.ts';
import en from './locales/en.json' with { type: 'json' };

export const ENGLISH = { ...SHARED, ...en, dataKinds: enKinds };
export const fetchSentences = withShared<typeof en & { readonly dataKinds: typeof enKinds }>(async (language) => {
  const [{ default: own }, { default: dataKinds }] = await Promise.all([
    import(`./locales/${language}.json`, { with: { type: 'json' } }),
    import(`../../sync/protocol/api/data-kinds/${language}.json`, { with: { type: 'json' } }),
  ]);
  return { default: { ...own, dataKinds } };
});
export type Key = KeyOf<typeof ENGLISH>;
export const { t, hasSentence, keyOr } = translations<Key>();
