import type { PolicyConsentText } from '../../../sync/protocol/wire/changes.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

/**
 * The consent text a person agrees to before a template is made: the one that ships, unless the server's policy brings the
 * operator's own (versioned, by language, each language reviewed). The version is recorded with each consent.
 */
export interface ConsentText {
  readonly version: string;
  readonly language: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
}

/** What a site fills in. `photoDays`: days that the photo of a check-in is kept, 0 where none is taken. */
export interface ConsentValues {
  readonly controller: string;
  readonly contact: string;
  readonly dpo: string;
  readonly photoDays: number;
}

const VERSION = '2026-11';

interface Wording {
  readonly title: string;
  readonly paragraphs: readonly string[];
}

const TEXTS: Record<'en' | 'de', Wording> = {
  en: {
    title: 'May this kiosk recognise your face?',
    paragraphs: [
      'If you agree, {controller} stores a mathematical description of your face and one photo of today, both encrypted, to recognise you when you check in here. Nothing else is done with them.',
      'With each check-in a photo is kept for {photoDays} days, so that a mistake can be cleared up. It is encrypted and then deleted by itself.',
      'You decide freely. A number with a PIN works just as well, and nobody is treated differently for choosing it.',
      'You can withdraw at any time, here or at the front desk. Your face data is then deleted everywhere.',
      'Questions: {contact}. Data protection officer: {dpo}.',
    ],
  },
  de: {
    title: 'Darf dieses Terminal Ihr Gesicht erkennen?',
    paragraphs: [
      'Wenn Sie zustimmen, speichert {controller} eine mathematische Beschreibung Ihres Gesichts und ein Foto von heute, beides verschlüsselt, um Sie beim Einchecken hier zu erkennen. Zu nichts anderem.',
      'Bei jedem Einchecken wird {photoDays} Tage lang ein Foto aufbewahrt, damit sich ein Irrtum aufklären lässt. Es ist verschlüsselt und wird danach von selbst gelöscht.',
      'Sie entscheiden frei. Eine Nummer mit PIN ist genauso gut, und niemand wird deswegen anders behandelt.',
      'Sie können jederzeit widerrufen, hier oder am Empfang. Ihre Gesichtsdaten werden dann überall gelöscht.',
      'Fragen: {contact}. Datenschutzbeauftragte Person: {dpo}.',
    ],
  },
};

/** In place of the first paragraph, where templates live on people's cards. */
const ON_CARD: Record<'en' | 'de', string> = {
  en: 'If you agree, a mathematical description of your face is encrypted, and the only key is printed on a card that you get now. {controller} keeps what it can’t open without your card, and no photo. At the kiosk you show the card, and then your face. If the card is lost or copied, a new one makes it worthless.',
  de: 'Wenn Sie zustimmen, wird eine mathematische Beschreibung Ihres Gesichts verschlüsselt, und der einzige Schlüssel steht auf einer Karte, die Sie jetzt bekommen. {controller} behält, was ohne Ihre Karte nicht zu öffnen ist, und kein Foto. Am Terminal zeigen Sie die Karte und dann Ihr Gesicht. Geht die Karte verloren oder wird sie kopiert, macht eine neue sie wertlos.',
};

/**
 * The text in one language, with the site's own names in it. What a site keeps of check-ins is part of what is agreed to,
 * and so of the version: `2026-11.photo-90-days`, `2026-11.no-photo`.
 *
 * The text that ships falls back to English for a language that has none. One of the operator's own does not: where it was
 * not reviewed in a language, nobody can agree to it in that language.
 *
 * @param own the operator's texts; empty: the one that ships
 * @param onCard templates live on the person's card: the text that ships says so, and its version too
 * @throws Problem `consent-text-missing`
 */
export function consentText(
  language: string,
  values: ConsentValues,
  own: readonly PolicyConsentText[] = [],
  onCard = false,
): ConsentText {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key as keyof ConsentValues] ?? `{${key}}`));
  const text = own.length > 0 ? ownText(language, own) : shippedText(language, onCard);
  const photos = values.photoDays > 0;
  const paragraphs = photos ? text.paragraphs : text.paragraphs.filter((p) => !p.includes('{photoDays}'));
  const version = `${text.version}.${photos ? `photo-${values.photoDays}-days` : 'no-photo'}`;
  return { version, language: text.language, title: fill(text.title), paragraphs: paragraphs.map(fill) };
}

function shippedText(language: string, onCard: boolean): PolicyConsentText {
  const known = language.startsWith('de') ? 'de' : 'en';
  const { title, paragraphs } = TEXTS[known];
  if (!onCard) return { version: VERSION, language: known, title, paragraphs: [...paragraphs] };
  return {
    version: `${VERSION}.on-card`,
    language: known,
    title,
    paragraphs: [ON_CARD[known], ...paragraphs.slice(1)],
  };
}

function ownText(language: string, own: readonly PolicyConsentText[]): PolicyConsentText {
  const [base] = language.split('-');
  const text = own.find((t) => t.language === language) ?? own.find((t) => t.language === base);
  if (text) return text;
  throw new Problem(
    'consent-text-missing',
    'there is no reviewed consent text in this language',
    'Choose another language, or have the text reviewed in this one.',
  );
}
