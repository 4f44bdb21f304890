import { describe, expect, test } from 'vitest';
import type { ListLine } from './list.ts';
import { planLines } from './people-rules.ts';

const line = (change: Partial<ListLine> = {}): ListLine => ({
  line: 2,
  people: true,
  file: null,
  number: '1',
  email: null,
  name: 'Ada',
  site: null,
  language: null,
  ...change,
});
const NORD = { id: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'Nord' };
const known = {
  numbers: new Map([
    ['7', ['grace']],
    ['8', ['one', 'two']],
  ]),
  emails: new Map([['eve@x.example', ['eve']]]),
  sites: [NORD, { id: '2', name: 'Hof' }, { id: '3', name: 'hof' }],
};
const plan = (...lines: ListLine[]) => planLines(lines, known);
const codesOf = (change: Partial<ListLine>) => plan(line(change))[0]!.codes;

describe('a line of a list of people', () => {
  test('is a new person, or the one who already has its number or address', () => {
    expect(plan(line(), line({ number: '7' }), line({ number: null, email: ' EVE@x.example' }))).toMatchObject([
      { outcome: 'new', person: null, site: null, language: null },
      { outcome: 'known', person: 'grace', codes: [] },
      { outcome: 'wrong', codes: ['email-wrong'] },
    ]);
    expect(plan(line({ number: null, email: 'EVE@x.example' }))).toMatchObject([{ outcome: 'known', person: 'eve' }]);
  });

  test('gives its site by name or id, and its language by code or name', () => {
    expect(plan(line({ site: ' nord', language: 'Deutsch' }))).toMatchObject([{ site: NORD.id, language: 'de' }]);
    for (const [named, language] of [
      ['FRANÇAIS', 'fr'],
      ['niemiecki', 'de'],
      ['İngilizce', 'en'],
      ['ingilizce', 'en'],
      ['中文', 'zh'],
    ] as const)
      expect(plan(line({ site: null, language: named }))).toMatchObject([{ language }]);
    expect(plan(line({ site: NORD.id.toUpperCase(), language: 'ZH' }))).toMatchObject([
      { site: NORD.id, language: 'zh' },
    ]);
    expect(plan(line({ language: 'pt_BR' }))).toMatchObject([{ language: 'pt-BR', outcome: 'new' }]);
    expect(codesOf({ site: 'Süd' })).toEqual(['site-unknown']);
    expect(codesOf({ site: 'Hof' })).toEqual(['site-unclear']);
    for (const language of ['klingon', 'xx', '?']) expect(codesOf({ language })).toEqual(['language-unknown']);
  });

  test.each([
    [{ name: null }, ['name-missing']],
    [{ number: null }, ['key-missing']],
    [{ name: 'A'.repeat(201) }, ['name-wrong']],
    [{ name: 'A\u0007da' }, ['name-wrong']],
    [{ name: '\u200b\u200d' }, ['name-wrong']],
    [{ name: 'Ada\u2028Lovelace' }, ['name-wrong']],
    [{ number: '9'.repeat(41) }, ['number-wrong']],
    [{ email: 'ada at x' }, ['email-wrong']],
    [{ number: '8' }, ['person-unclear']],
    [{ number: '7', email: 'eve@x.example' }, ['person-conflict']],
    [{ name: '=HYPERLINK("https://x.example","Ada")' }, ['cell-formula']],
    [{ name: '@SUM(1)' }, ['cell-formula']],
    [{ name: '＝1+1' }, ['cell-formula']],
    [{ number: '+cmd|x' }, ['cell-formula']],
    [{ number: '-1+2' }, ['cell-formula']],
    [{ email: '+ada@x.example' }, ['cell-formula']],
    [{ file: '=1.jpg' }, ['cell-formula']],
    [{ site: '=Nord' }, ['cell-formula', 'site-unknown']],
    [{ name: null, number: null, language: 'xx' }, ['name-missing', 'key-missing', 'language-unknown']],
  ])('is wrong: %j', (change, codes) => {
    expect(plan(line(change))).toMatchObject([{ outcome: 'wrong', codes }]);
  });

  test('is wrong if it repeats the number, address or file of an earlier line, which itself is not wrong', () => {
    const plans = plan(
      line({ email: 'ada@x.example', file: 'a.jpg' }),
      line({ number: '2', email: 'ADA@x.example' }),
      line({ number: '1' }),
      line({ number: '3', file: 'A.JPG' }),
    );
    expect(plans.map((p) => p.codes)).toEqual([[], ['line-repeated'], ['line-repeated'], ['file-repeated']]);
  });

  test('may have a name that begins with an apostrophe', () => {
    expect(codesOf({ name: "'t Hooft" })).toEqual([]);
  });
});
