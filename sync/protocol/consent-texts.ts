import { Problem } from '../errors/problem.ts';
import type { ProductLanguage } from './api/languages.ts';
import { fillIn } from './fill-in.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import es from './locales/es.json' with { type: 'json' };
import fr from './locales/fr.json' with { type: 'json' };
import pl from './locales/pl.json' with { type: 'json' };
import tr from './locales/tr.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };
import type { PolicyConsentText } from './wire/changes.ts';

/**
 * The consent text a person agrees to before a template is made: the one that ships, or the operator's own if the server's policy
 * has one (versioned, each language reviewed). The version is recorded with each consent.
 */
export interface ConsentText {
  readonly version: string;
  readonly language: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
}

/** The responsible organisation, and who to contact. */
export interface ConsentNames {
  readonly controller: string;
  readonly contact: string;
  readonly dpo: string;
}

const VERSION = '2026-11';

/** The text that ships. `onCard` replaces the first paragraph where templates are on people's cards. */
const TEXTS = { en, de, fr, es, pl, tr, ar, zh } satisfies Record<ProductLanguage, unknown>;

/**
 * Returns the text in one language, with the site's names filled in. How long a site keeps check-in photos is part of what is
 * agreed to, and so of the version: `2026-11.photo-90-days`, `2026-11.no-photo`.
 *
 * The text that ships falls back to English in other languages. An operator's own text doesn't: nobody can agree to it in a
 * language in which it was not reviewed.
 *
 * @param who null: not entered yet. Nobody can then agree to a text that names them
 * @param photoDays days that check-in photos are kept; 0 if none are taken
 * @param own the operator's texts; empty: the one that ships
 * @param onCard templates are on the person's card, which changes the shipped text and its version
 * @throws Problem `consent-text-missing`, `privacy-not-set`
 */
export function consentText(
  language: string,
  who: ConsentNames | null,
  photoDays: number,
  own: readonly PolicyConsentText[] = [],
  onCard = false,
): ConsentText {
  const filled = filledIn(own.length > 0 ? ownText(language, own) : shippedText(language, onCard), who, photoDays);
  if (filled !== null) return filled;
  throw new Problem('privacy-not-set');
}

/** Returns the text in every language, without those that name the responsible organisation if it has not been entered yet. */
export function consentTexts(
  who: ConsentNames | null,
  photoDays: number,
  own: readonly PolicyConsentText[],
  onCard: boolean,
): ConsentText[] {
  const texts = own.length > 0 ? own : shippedTexts(onCard);
  return texts.map((text) => filledIn(text, who, photoDays)).filter((text) => text !== null);
}

function filledIn(text: PolicyConsentText, who: ConsentNames | null, photoDays: number): ConsentText | null {
  if (who === null && [text.title, ...text.paragraphs].some((t) => /\{(controller|contact|dpo)\}/.test(t))) return null;
  const fill = (t: string) => fillIn(t, { ...who, photoDays });
  const photos = photoDays > 0;
  const paragraphs = photos ? text.paragraphs : text.paragraphs.filter((p) => !p.includes('{photoDays}'));
  const version = `${text.version}.${photos ? `photo-${photoDays}-days` : 'no-photo'}`;
  return { version, language: text.language, title: fill(text.title), paragraphs: paragraphs.map(fill) };
}

/** Returns the text that ships in all its languages, with its `{names}` not filled in. */
export const shippedTexts = (onCard: boolean): PolicyConsentText[] =>
  Object.keys(TEXTS).map((language) => shippedText(language, onCard));

function shippedText(language: string, onCard: boolean): PolicyConsentText {
  const [base = ''] = language.split('-');
  const known = base in TEXTS ? (base as ProductLanguage) : 'en';
  const { onCard: first, ...text } = TEXTS[known];
  if (!onCard) return { version: VERSION, language: known, ...text };
  const paragraphs = [first, ...text.paragraphs.slice(1)];
  return { version: `${VERSION}.on-card`, language: known, title: text.title, paragraphs };
}

function ownText(language: string, own: readonly PolicyConsentText[]): PolicyConsentText {
  const [base] = language.split('-');
  const text = own.find((t) => t.language === language) ?? own.find((t) => t.language === base);
  if (text) return text;
  throw new Problem('consent-text-missing');
}
