import { describe, expect, it, test } from 'vitest';
import { LANGUAGES } from './api/languages.ts';
import { consentText as textOf } from './consent-texts.ts';
import type { PolicyConsentText } from './wire/changes.ts';

const site = { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt' };
const consentText = (language: string, photoDays = 90, own: readonly PolicyConsentText[] = [], onCard = false) =>
  textOf(language, site, photoDays, own, onCard);

describe.each(LANGUAGES)('the consent text (%s)', (language) => {
  it('says how long the photo of a check-in is kept, and nothing of it where none is taken', () => {
    const { paragraphs } = consentText(language);
    const kept = paragraphs.filter((paragraph) => paragraph.includes('90'));
    expect(kept).toHaveLength(1);
    expect(consentText(language, 0).paragraphs).toEqual(paragraphs.filter((paragraph) => !kept.includes(paragraph)));
  });

  it('is as long as the English one, and names who runs the place, who to ask and the officer', () => {
    const { paragraphs } = consentText(language);
    expect(paragraphs).toHaveLength(consentText('en').paragraphs.length);
    for (const name of Object.values(site)) expect(paragraphs.join(' ')).toContain(name);
  });

  it('has another version when something else is kept, and leaves nothing unfilled', () => {
    const versions = [90, 7, 0].map((photoDays) => consentText(language, photoDays).version);
    expect(new Set(versions).size).toBe(3);
    expect(JSON.stringify(consentText(language))).not.toMatch(/\{\w+\}/);
  });
});

test.each(LANGUAGES)('on a card (%s) it says another thing first, in the same language', (language) => {
  const [plain, card] = [consentText(language), consentText(language, 90, [], true)];
  expect(card.version).toBe('2026-11.on-card.photo-90-days');
  expect([plain.language, card.language]).toEqual([language, language]);
  expect(card.paragraphs[0]).not.toBe(plain.paragraphs[0]);
  expect(card.paragraphs.slice(1)).toEqual(plain.paragraphs.slice(1));
  expect(card.paragraphs[0]).toContain('Werk Nord');
  // None is another language's.
  const others = LANGUAGES.filter((other) => other !== language);
  for (const other of others)
    expect(consentText(other, 90, [], true).paragraphs.some((p) => card.paragraphs.includes(p))).toBe(false);
});

test('the text that ships falls back to English for a language that has none', () => {
  expect(consentText('eo').language).toBe('en');
  expect(consentText('de-AT').language).toBe('de');
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

  it('is in place of the one that ships, with the site’s names and what it keeps in text and version', () => {
    expect(consentText('en-GB', 90, own)).toEqual({
      version: 'v2.photo-90-days',
      language: 'en',
      title: 'May Werk Nord?',
      paragraphs: ['Photo: 90 days.', 'Ask a@b.example.'],
    });
    expect(consentText('en', 0, own)).toMatchObject({
      version: 'v2.no-photo',
      paragraphs: ['Ask a@b.example.'],
    });
  });

  it('lets nobody agree in a language in which it was not reviewed', () => {
    expect(() => consentText('de', 90, own)).toThrow(expect.objectContaining({ code: 'consent-text-missing' }));
  });
});

describe('when the operator has not been configured', () => {
  test.each(LANGUAGES)('nobody can agree to the text that ships (%s): it names them', (language) => {
    for (const onCard of [false, true])
      expect(() => textOf(language, null, 90, [], onCard)).toThrow(
        expect.objectContaining({ code: 'privacy-not-set' }),
      );
  });

  test('a text of the operator’s own that names nobody can be agreed to, and one that does can’t', () => {
    const own = (paragraph: string) => [{ version: 'v1', language: 'en', title: 'May we?', paragraphs: [paragraph] }];
    expect(textOf('en', null, 7, own('Photo: {photoDays} days.')).paragraphs).toEqual(['Photo: 7 days.']);
    expect(() => textOf('en', null, 7, own('Ask {contact}.'))).toThrow(
      expect.objectContaining({ code: 'privacy-not-set' }),
    );
  });
});
