import { expect, test } from 'vitest';
import { printedRandom } from '../../../test/chance.ts';
import { differsAtMost, FIT, fitOf, nameFit, partsOf } from './matching.ts';

test.each([
  ['Łucja-Zoë Strauß', ['lucja', 'zoe', 'strauss']],
  ['JOSÉ  María', ['jose', 'maria']],
  ['Jose\u0301 Mari\u0301a', ['jose', 'maria']],
  ['O’Brien', ['obrien']],
  ["D'Angelo", ['dangelo']],
  ['Işıl İnan', ['isil', 'inan']],
  ['Søren Ærø', ['soren', 'aero']],
  ['Đặng Văn', ['dang', 'van']],
  ['أحمد إبراهيم', ['احمد', 'ابراهيم']],
  ['مُحَمَّد', ['محمد']],
  ['ليلى فاطمة', ['ليلي', 'فاطمه']],
  ['علی کریم', ['علي', 'كريم']],
  ['王秀英', ['王秀英']],
  ['Ａｄａ', ['ada']],
  ['  \u200b, – ', []],
])('%s is normalised', (name, parts) => {
  expect(partsOf(name)).toEqual(parts);
});

test.each([
  ['anna', 'anna', FIT.exact],
  ['anna', 'an', FIT.prefix],
  ['王秀英', '秀英', FIT.within],
  ['anna', 'nna', FIT.none],
  // One typo from four letters on, two from eight.
  ['ann', 'anm', FIT.none],
  ['muller', 'mulelr', FIT.typo],
  ['muller', 'mueller', FIT.typo],
  ['muller', 'mxllxr', FIT.none],
  ['katharina', 'catarina', FIT.typo],
  ['katharina', 'catarxna', FIT.none],
])('%s, typed as %s', (word, typed, fit) => {
  expect(fitOf(word, typed)).toBe(fit);
});

test('every part typed must fit, in any order; a better fit scores higher', () => {
  const ada = partsOf('Ada Lovelace');
  const fitting = (typed: string) => nameFit(ada, partsOf(typed));
  expect(fitting('lovelace ada')).toBe(2 * FIT.exact);
  expect(fitting('lov a')).toBe(2 * FIT.prefix);
  expect(fitting('ada loverace')).toBe(FIT.exact + FIT.typo);
  expect(fitting('ada byron')).toBe(FIT.none);
});

/** The same distance by the textbook algorithm, without shortcuts (Damerau 1964, adjacent transpositions). */
function distance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) d[0]![j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1);
    }
  return d[a.length]![b.length]!;
}

test('the number of typos equals the distance, for any two strings', () => {
  const random = printedRandom('typos');
  const word = () => Array.from({ length: Math.floor(random() * 10) }, () => 'abc'[Math.floor(random() * 3)]).join('');
  for (let i = 0; i < 20_000; i++) {
    const [a, b, most] = [word(), word(), Math.floor(random() * 3)];
    expect([a, b, most, differsAtMost(a, b, most)]).toEqual([a, b, most, distance(a, b) <= most]);
  }
});
