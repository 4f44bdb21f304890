import { beforeEach, describe, expect, test } from 'vitest';
import {
  currentLanguage,
  initI18n,
  inSmall,
  isPresent,
  labelled,
  listed,
  numberOf,
  ownName,
  setLanguage,
  shortName,
  TWO_DIGITS,
  translations,
} from './i18n.ts';

const { t, tIn } = translations<'left' | 'people' | 'none'>();

beforeEach(() =>
  initI18n(
    {
      en: { left: '{{name}} left at {{time}}.', people: '{{count}} people', none: '' },
      ar: { left: 'غادر {{name}} في {{time}}.' },
    },
    'en',
  ),
);

/* U+2068 … U+2069 do in plain text what `<bdi>` does in markup. */
describe('a name within a sentence', () => {
  test('stays one piece if its script runs the other way', () => {
    expect(t('left', { name: 'ليلى (2)', time: '10:15' })).toBe('\u2068ليلى (2)\u2069 left at 10:15.');
    expect(t('left', { name: 'נועה', time: '10:15' })).toBe('\u2068נועה\u2069 left at 10:15.');
    expect(tIn('ar', 'left', { name: 'Ada (2)', time: '10:15' })).toBe(
      'غادر \u2068Ada (2)\u2069 في \u206810:15\u2069.',
    );
    void setLanguage('ar');
    expect(t('left', { name: '李 Wei', time: 'x' })).toContain('\u2068李 Wei\u2069');
  });

  test('is unchanged if it runs with the sentence, and is never wrapped twice', () => {
    expect(t('left', { name: 'Ada', time: '10:15' })).toBe('Ada left at 10:15.');
    expect(tIn('ar', 'left', { name: 'ليلى', time: '' })).toBe('غادر ليلى في .');
    expect(t('left', { name: '\u2068ليلى\u2069', time: '' })).toBe('\u2068ليلى\u2069 left at .');
    expect(t('people', { count: 3 })).toBe('3 people');
  });
});

test('numbers are grouped as the language writes them, and still select the plural form', () => {
  void initI18n(
    {
      en: { people_one: '{{count}} person', people_other: '{{count}} people' },
      de: { people_other: '{{count}} Personen' },
    },
    'en',
  );
  expect([1, 9500].map((count) => t('people', { count }))).toEqual(['1 person', '9,500 people']);
  expect(tIn('de', 'people', { count: 9500 })).toBe('9.500 Personen');
  expect([numberOf(0.9, TWO_DIGITS, 'de'), numberOf(9500, {}, 'fr')]).toEqual(['0,90', '9\u202f500']);
});

test('lists and labels use the comma and the colon of the language', () => {
  const row = (lng: string) => labelled('A', listed(['B', 'C'], lng), lng);
  expect(['en', 'fr', 'zh', 'ar'].map(row)).toEqual(['A: B, C', 'A\u202f: B, C', 'A：B、C', 'A: B، C']);
});

test('an empty sentence shows nothing, and no key', () => {
  expect(t('none')).toBe('');
  expect(tIn('ar', 'none')).toBe('');
});

describe('a language that is not in the bundle', () => {
  const given = new Map<string, (value: Record<string, string>) => void>();
  const fetch = (language: string) => new Promise<Record<string, string>>((resolve) => given.set(language, resolve));

  test('is shown once it is loaded, and the last of several choices wins', async () => {
    void initI18n({ en: { none: 'None' } }, 'en', fetch);
    const [first, second] = [setLanguage('fr'), setLanguage('pl')];
    expect([currentLanguage(), isPresent('fr'), t('none')]).toEqual(['en', false, 'None']);
    given.get('pl')!({ none: 'Brak' });
    await second;
    given.get('fr')!({ none: 'Aucun' });
    await first;
    expect([currentLanguage(), isPresent('fr'), t('none')]).toEqual(['pl', true, 'Brak']);
  });

  test('changes nothing if it can’t be loaded', async () => {
    await initI18n({ en: { none: 'None' } }, 'fr', () => Promise.reject(new Error('offline')));
    expect([currentLanguage(), t('none')]).toEqual(['en', 'None']);
  });
});

test('a language’s own name has a capital, and lower case follows its rules', () => {
  expect(['fr', 'tr', 'ar', 'zh'].map(ownName)).toEqual(['Français', 'Türkçe', 'العربية', '中文']);
  expect(['fr', 'tr', 'ar', 'zh'].map(shortName)).toEqual(['FR', 'TR', 'العربية', '中文']);
  void initI18n({ en: {}, tr: {} }, 'tr');
  expect(inSmall('SİL, ISI')).toBe('sil, ısı');
});
