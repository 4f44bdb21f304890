import { type KeyOf, translations } from '../i18n.ts';
import en from './locales/en.json' with { type: 'json' };

/** Sentences that console and portal have in common. */
export const ENGLISH = en;
export const fetchSentences = async (language: string): Promise<typeof ENGLISH> =>
  (await import(`./locales/${language}.json`, { with: { type: 'json' } })).default;
/** The sentences of a page in another language of `LANGUAGES`: these, and its own. @param own fetches a file of its locales */
export const withShared =
  <S extends object>(own: (language: string) => Promise<{ default: S }>) =>
  async (language: string): Promise<typeof ENGLISH & S> => {
    const [shared, { default: sentences }] = await Promise.all([fetchSentences(language), own(language)]);
    return { ...shared, ...sentences };
  };
/** And what each says of its own link, which `LinkCard` shows. */
export interface LinkSentences {
  readonly link: { readonly title: string; readonly text: string; readonly button: string; readonly busy: string };
}
export const { t, hasSentence } = translations<KeyOf<typeof en> | KeyOf<LinkSentences>>();
