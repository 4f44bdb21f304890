import { describe, expect, it } from 'vitest';
import {
  CALL_CODES,
  ENROLMENT_CODES,
  METHOD_CODES,
  PIN_CODES,
  START_CODES,
  STICK_CODES,
} from '../../../electron/contract/codes.ts';
import { CameraCondition } from '../../../electron/contract/methods.ts';
import { NotHere, TechnicianTask } from '../../../electron/contract/technician.ts';
import { CHALLENGE_STEPS, ENROLMENT_POSES, QUALITY_REASONS } from '../../../models/rules/reasons.ts';
import { initI18n, t } from '../../shared/i18n.ts';
import { PIN_SENTENCES } from '../parts/pin-trouble.ts';
import { greetingLanguage, LOCALES } from './index.ts';

type Tree = { readonly [key: string]: string | Tree };
const PLURAL = /_(zero|one|two|few|many|other)$/;

/** Every sentence with its path. */
function flat(tree: Tree, path = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const at = path ? `${path}.${key}` : key;
    if (typeof value === 'string') out.set(at, value);
    else for (const [k, v] of flat(value, at)) out.set(k, v);
  }
  return out;
}

/** What a sentence has filled in; a form for one, two or none may say the number in words. */
const holes = (key: string, sentence: string): string[] =>
  [...sentence.matchAll(/\{\{(\w+)\}\}/g)]
    .map((m) => m[1]!)
    .filter((hole) => !(PLURAL.test(key) && hole === 'count'))
    .sort();

const stems = (sentences: Map<string, string>): Set<string> =>
  new Set([...sentences.keys()].map((key) => key.replace(PLURAL, '')));

const english = flat(LOCALES.en);
const others = Object.entries(LOCALES).map(([language, tree]) => [language, flat(tree)] as const);

describe.each(others)('sentences of the kiosk: %s', (language, sentences) => {
  it('are the same set as the English ones', () => {
    expect([...stems(sentences)].sort()).toEqual([...stems(english)].sort());
  });

  it('have the same values to fill in, and none is empty', () => {
    for (const [key, sentence] of sentences) {
      const like = english.get(key) ?? english.get(key.replace(PLURAL, '_other'))!;
      expect([key, holes(key, sentence)]).toEqual([key, holes(key, like)]);
      expect(sentence.trim(), key).not.toBe('');
    }
  });

  it('have every plural form that the grammar of the language knows', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const plurals = new Set([...sentences.keys()].filter((key) => PLURAL.test(key)).map((k) => k.replace(PLURAL, '')));
    expect(plurals.size).toBeGreaterThan(5);
    const missing = [...plurals].flatMap((stem) =>
      forms.filter((form) => !sentences.has(`${stem}_${form}`)).map((form) => `${stem}_${form}`),
    );
    expect(missing).toEqual([]);
    initI18n(LOCALES, language);
    // None falls back to English for want of a form.
    if (language !== 'en')
      for (const count of [0, 1, 2, 3, 11, 100]) expect(t('people.found', { count })).not.toMatch(/person|people/);
  });

  it.each<readonly [string, readonly string[]]>([
    ['guide', QUALITY_REASONS],
    ['challenge', CHALLENGE_STEPS],
    ['enrol.pose', ENROLMENT_POSES],
    ['enrol.poseName', ENROLMENT_POSES],
    ['error', [...CALL_CODES, ...METHOD_CODES, 'other']],
    ['enrol.error', ENROLMENT_CODES],
    ['technician.updateError', [...STICK_CODES, 'other']],
    ['technician.cameras', [...CameraCondition.options, 'unknown']],
    ['technician.notHere', NotHere.options],
    ...['task', 'taskHint', 'ask', 'yes', 'done'].map(
      (group) => [`technician.${group}`, TechnicianTask.options] as const,
    ),
  ])('exist for every code of %s', (group, codes) => {
    expect(codes.filter((code) => !sentences.has(`${group}.${code}`))).toEqual([]);
  });

  it('exist for every code of a PIN, wherever one is typed', () => {
    const wanted = PIN_CODES.flatMap((code) => [...(PIN_SENTENCES[code] ?? [code])]);
    expect(wanted.length).toBeGreaterThan(PIN_CODES.length);
    expect(wanted.filter((key) => !sentences.has(key))).toEqual([]);
  });

  it('say why and what to do for every code with which a core refuses to start', () => {
    const missing = START_CODES.flatMap((code) => [`coreError.${code}.why`, `coreError.${code}.next`]).filter(
      (key) => !sentences.has(key),
    );
    expect(missing).toEqual([]);
  });
});

it('somebody is greeted in their own language, a regional one by its base, and else in the screen’s', () => {
  initI18n(LOCALES, 'zh');
  const greeted = [null, 'fil', 'constructor', 'de', 'de-AT'].map((language) => greetingLanguage({ language }));
  expect(greeted).toEqual(['zh', 'zh', 'zh', 'de', 'de']);
});
