import type { ProductLanguage } from '../../../../protocol/api/languages.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import es from './locales/es.json' with { type: 'json' };
import fr from './locales/fr.json' with { type: 'json' };
import pl from './locales/pl.json' with { type: 'json' };
import tr from './locales/tr.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** Names of sheets and their columns, by language. */
export const HEADINGS: Readonly<Record<ProductLanguage, typeof en>> = { en, de, fr, es, pl, tr, ar, zh };
