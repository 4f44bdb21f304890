import { type KeyOf, translations } from '../i18n.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** Sentences that console and portal have in common. */
export const SHARED = { en, de, ar, zh };
/** And what each says of its own link, which `LinkCard` shows. */
export interface LinkSentences {
  readonly link: { readonly title: string; readonly text: string; readonly button: string; readonly busy: string };
}
export const { t, hasSentence } = translations<KeyOf<typeof en> | KeyOf<LinkSentences>>();
