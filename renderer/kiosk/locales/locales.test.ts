import { describe, expect, it } from 'vitest';
import { CALL_CODES, ENROLMENT_CODES, REFUSAL_CODES } from '../../../electron/contract/codes.ts';
import { CHALLENGE_STEPS, ENROLMENT_POSES, QUALITY_REASONS } from '../../../models/rules/reasons.ts';
import { de } from './de.ts';
import { en } from './en.ts';

type Tree = { readonly [key: string]: string | Tree };

/** Every sentence with its path; plural forms count as one. */
function flat(tree: Tree, path = ''): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const [key, value] of Object.entries(tree)) {
    const at = path ? `${path}.${key}` : key;
    if (typeof value === 'string') {
      const stem = at.replace(/_(zero|one|other)$/, '');
      out.set(stem, [...(out.get(stem) ?? []), value]);
    } else for (const [k, v] of flat(value, at)) out.set(k, v);
  }
  return out;
}

const holes = (sentences: string[]): string[] =>
  [...new Set(sentences.flatMap((s) => [...s.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]!)))].sort();

const english = flat(en);
const german = flat(de);

describe('sentences of the kiosk', () => {
  it('are the same set in every language', () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('have the same values to fill in, and none is empty', () => {
    for (const [key, sentences] of english) {
      expect([key, holes(german.get(key)!)]).toEqual([key, holes(sentences)]);
      expect([...sentences, ...german.get(key)!].every((s) => s.trim() !== '')).toBe(true);
    }
  });

  it.each([
    ['guide', QUALITY_REASONS],
    ['challenge', CHALLENGE_STEPS],
    ['enrol.pose', ENROLMENT_POSES],
    ['enrol.poseName', ENROLMENT_POSES],
    ['error', [...CALL_CODES, 'other']],
    ['enrol.error', ENROLMENT_CODES],
  ])('exist for every code of %s', (group, codes) => {
    for (const code of codes) {
      expect(english.has(`${group}.${code}`), code).toBe(true);
      expect(german.has(`${group}.${code}`), code).toBe(true);
    }
  });

  it('say why and what to do for every code with which a core refuses to start', () => {
    const missing = REFUSAL_CODES.flatMap((code) => [`refusal.${code}.why`, `refusal.${code}.next`]).filter(
      (key) => !english.has(key) || !german.has(key),
    );
    expect(missing).toEqual([]);
  });
});
