import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { CONSOLE, KIOSK, PORTAL } from '../../test/kit/locales.ts';
import { t } from '../kiosk/i18n.ts';
import { initI18n, type Sentences } from './i18n.ts';

const PLURAL = /_(zero|one|two|few|many|other)$/;
/** Texts that are the same in several languages: in French, a letter pattern or a product’s name. */
const ALIKE = /^(QR code|hh:mm|Frappe HR \(Employee Checkin\))$/;

/** All sentences with their paths. */
const flat = (tree: Sentences, prefix = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`),
  );
const stems = (sentences: Iterable<string>) =>
  [...new Set([...sentences].map((key) => key.replace(PLURAL, '')))].sort();
/** The placeholders of a text. Plural forms for none, one or two may spell out the number instead. */
const slots = (key: string, text: string) =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)]
    .map((m) => m[1]!)
    .filter((slot) => slot !== 'count' || !PLURAL.test(key))
    .sort();
/** More than one word. A single word may be the same in two languages (`Badge`, `Version`). */
const isPhrase = (text: string) => (text.replaceAll(/\{\{\w+\}\}/g, '').match(/\p{L}{2,}/gu) ?? []).length > 1;

describe.each([
  ['kiosk', KIOSK],
  ['console', CONSOLE],
  ['portal', PORTAL],
] as const)('the %s', (_screen, LOCALES) => {
  const english = new Map(flat(LOCALES.en));

  describe.each(LANGUAGES)('in %s', (language) => {
    const sentences = new Map(flat(LOCALES[language]));

    test('has the same sentences as English', () => {
      expect(stems(sentences.keys())).toEqual(stems(english.keys()));
    });

    test('has exactly the plural forms of the language', () => {
      const counted = stems([...english.keys()].filter((key) => PLURAL.test(key)));
      const forms: readonly string[] = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      const missing = counted
        .flatMap((key) => forms.map((form) => `${key}_${form}`))
        .filter((key) => !sentences.has(key));
      expect(counted.length).toBeGreaterThan(0);
      expect(missing).toEqual([]);
      // `zero` is allowed in languages without such a form: English uses it too.
      const form = (key: string) => PLURAL.exec(key)?.[1];
      const idle = [...sentences.keys()].filter((key) => !['zero', ...forms, undefined].includes(form(key)));
      expect(idle).toEqual([]);
    });

    test('has the same placeholders as English', () => {
      for (const [key, text] of sentences) {
        const like = english.get(key) ?? english.get(key.replace(PLURAL, '_other'))!;
        expect([key, slots(key, text)]).toEqual([key, slots(key, like)]);
        // A sentence may only be empty if it is empty in English too.
        if (like !== '') expect(text.trim(), key).not.toBe('');
      }
    });

    test.skipIf(language === 'en')('contains no English', () => {
      const left = [...sentences].filter(
        ([key, text]) => text === english.get(key) && isPhrase(text) && !ALIKE.test(text),
      );
      expect(left).toEqual([]);
    });

    test('uses its text for “Cancel” only for that button', () => {
      const { cancel } = LOCALES[language];
      expect([...sentences].filter(([, text]) => text === cancel)).toEqual([['cancel', cancel]]);
    });
  });
});

test.each(LANGUAGES.filter((language) => language !== 'en'))(
  'a count in %s never falls back to English',
  (language) => {
    void initI18n(KIOSK, language);
    for (const count of [0, 1, 2, 3, 11, 100]) expect(t('people.found', { count })).not.toMatch(/person\b|people/);
  },
);

test('French has a narrow no-break space before its punctuation', () => {
  const [mails, headings] = ['core/accounts', 'features/reports/exports'].map(
    (of) => JSON.parse(readFileSync(`sync/server/${of}/locales/fr.json`, 'utf8')) as Sentences,
  );
  const texts = [KIOSK.fr, CONSOLE.fr, PORTAL.fr, mails!, headings!].flatMap((french) => flat(french));
  expect(
    texts.filter(([, text]) => /[ \u00a0][:;!?%»]|[\p{L}»}][;!?»]|«[^\u202f]|[\p{L}»}]:(?!\/\/)(?=\s|$)/u.test(text)),
  ).toEqual([]);
});
