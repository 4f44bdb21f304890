import { describe, expect, it, test } from 'vitest';
import { consentText } from './consent-texts.ts';

const site = { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt', photoDays: 90 };

describe.each([
  ['en', /photo is kept for 90 days/, /With each check-in/],
  ['de', /90 Tage lang ein Foto/, /Bei jedem Einchecken/],
  ['ar', /\(مدة الحفظ بالأيام: 90\)/, /مع كل تسجيل/],
  ['zh', /保存 90 天/, /每次签到会保存/],
])('the consent text (%s)', (language, kept, photos) => {
  it('says how long the photo of a check-in is kept', () => {
    expect(consentText(language, site).paragraphs.join(' ')).toMatch(kept);
  });

  it('says nothing of photos of check-ins where none are taken', () => {
    const { paragraphs } = consentText(language, { ...site, photoDays: 0 });
    expect(paragraphs.join(' ')).not.toMatch(photos);
    expect(paragraphs).toHaveLength(consentText(language, site).paragraphs.length - 1);
  });

  it('has another version when something else is kept, and leaves nothing unfilled', () => {
    const versions = [90, 7, 0].map((photoDays) => consentText(language, { ...site, photoDays }).version);
    expect(new Set(versions).size).toBe(3);
    expect(JSON.stringify(consentText(language, site))).not.toMatch(/\{\w+\}/);
  });
});

test.each(['en', 'de', 'ar', 'zh'])('on a card (%s) it says another thing first, in the same language', (language) => {
  const [plain, card] = [consentText(language, site), consentText(language, site, [], true)];
  expect(card.version).toBe('2026-11.on-card.photo-90-days');
  expect([plain.language, card.language]).toEqual([language, language]);
  expect(card.paragraphs[0]).not.toBe(plain.paragraphs[0]);
  expect(card.paragraphs.slice(1)).toEqual(plain.paragraphs.slice(1));
  expect(card.paragraphs[0]).toContain('Werk Nord');
  // None is another language's.
  const others = ['en', 'de', 'ar', 'zh'].filter((other) => other !== language);
  for (const other of others)
    expect(consentText(other, site, [], true).paragraphs.some((p) => card.paragraphs.includes(p))).toBe(false);
});

test('the text that ships falls back to English for a language that has none', () => {
  expect(consentText('fr', site).language).toBe('en');
  expect(consentText('de-AT', site).language).toBe('de');
});

describe('the operator’s own consent text', () => {
  const own = [
    {
      version: 'v2',
      language: 'en',
      title: 'May {controller}?',
      paragraphs: ['Photo: {photoDays} days.', 'Ask {contact}.'],
    },
  ];

  it('stands in place of the one that ships, with the site’s names and what it keeps in text and version', () => {
    expect(consentText('en-GB', site, own)).toEqual({
      version: 'v2.photo-90-days',
      language: 'en',
      title: 'May Werk Nord?',
      paragraphs: ['Photo: 90 days.', 'Ask a@b.example.'],
    });
    expect(consentText('en', { ...site, photoDays: 0 }, own)).toMatchObject({
      version: 'v2.no-photo',
      paragraphs: ['Ask a@b.example.'],
    });
  });

  it('lets nobody agree in a language in which it was not reviewed', () => {
    expect(() => consentText('de', site, own)).toThrow(expect.objectContaining({ code: 'consent-text-missing' }));
  });
});
