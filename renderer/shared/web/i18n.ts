import { type KeyOf, translations } from '../i18n.ts';
import en from './locales/en.json' with { type: 'json' };

/** Sentences that console and portal share. */
export const ENGLISH = en;
export const fetchSentences = async (language: string): Promise<typeof ENGLISH> =>
  (await import(`./locales/${language}.json`, { with: { type: 'json' } })).default;
/** Loads a page's sentences in another of `LANGUAGES`: these and its own. @param own loads one of the page's locale files */
export const withShared =
  <S extends object>(own: (language: string) => Promise<{ default: S }>) =>
  async (language: string): Promise<typeof ENGLISH & S> => {
    const [shared, { default: sentences }] = await Promise.all([fetchSentences(language), own(language)]);
    return { ...shared, ...sentences };
  };
/** The sentences about its sign-in link that each page adds, for `LinkCard`. */
export interface LinkSentences {
  readonly link: { readonly title: string; readonly text: string; readonly button: string; readonly busy: string };
}
export const { t, hasSentence } = translations<KeyOf<typeof en> | KeyOf<LinkSentences>>();
