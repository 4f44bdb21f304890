import { describe, expect, test } from 'vitest';
import { LOCALES as CONSOLE } from '../../console/locales/index.ts';
import { LOCALES as PORTAL } from '../../portal/locales/index.ts';
import { firstLanguage, LANGUAGES } from './languages.ts';

type Tree = { readonly [key: string]: string | Tree };

const CATEGORIES = ['zero', 'one', 'two', 'few', 'many', 'other'];
const PLURAL = new RegExp(`_(${CATEGORIES.join('|')})$`);

const flat = (tree: Tree, prefix = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`),
  );
const bare = (keys: readonly [string, string][]) => [...new Set(keys.map(([key]) => key.replace(PLURAL, '')))].sort();
const slots = (text: string) => [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]))].sort();

describe.each([
  ['console', CONSOLE],
  ['portal', PORTAL],
] as const)('the %s', (_screen, LOCALES) => {
  const english = flat(LOCALES.en);

  test.each(LANGUAGES)('%s has every sentence that English has, and none besides', (language) => {
    expect(bare(flat(LOCALES[language]))).toEqual(bare(english));
  });

  test.each(LANGUAGES)('%s counts in each of its plural forms', (language) => {
    const keys = new Set(flat(LOCALES[language]).map(([key]) => key));
    const counted = bare(english.filter(([key]) => PLURAL.test(key)));
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const missing = counted.flatMap((key) => forms.map((form) => `${key}_${form}`)).filter((key) => !keys.has(key));
    expect(missing).toEqual([]);
  });

  test.each(LANGUAGES)('%s calls nothing else as it calls what leaves things as they are', (language) => {
    const { cancel } = LOCALES[language] as { cancel: string };
    expect(flat(LOCALES[language]).filter(([, text]) => text === cancel)).toEqual([['cancel', cancel]]);
  });

  test.each(LANGUAGES)('%s fills in what English fills in', (language) => {
    const theirs = new Map(flat(LOCALES[language]));
    for (const [key, text] of english) {
      const other = theirs.get(key) ?? theirs.get(key.replace(PLURAL, '_other'))!;
      // A form for exactly one or two may say the number in words.
      const without = PLURAL.test(key) ? slots(text).filter((s) => s !== 'count') : slots(text);
      expect([key, slots(other).filter((s) => !PLURAL.test(key) || s !== 'count')]).toEqual([key, without]);
    }
  });
});

test('the browser’s first language that there is begins', () => {
  expect([['fr-FR', 'de-AT'], ['zh-TW'], ['ar-EG', 'en'], ['fr']].map(firstLanguage)).toEqual(['de', 'zh', 'ar', 'en']);
});
