/** Compares what someone types with names: of people on the server; of pages, kiosks and sites in the console. Pure. */

/** Letters without a canonical decomposition, and how they are typed on a keyboard that lacks them. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ŋ: 'n', ı: 'i' },
  // Arabic and Persian forms of alef, yeh, kaf and teh marbuta that are typed interchangeably.
  ...{ ٱ: 'ا', ى: 'ي', ی: 'ي', ې: 'ي', ک: 'ك', ة: 'ه' },
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');
/** Accents and vowel signs; apostrophes, which may be omitted in O’Brien; the Arabic tatweel. */
const LEFT_OUT = /[\p{M}'’‘ʼʻ`´ـ]/gu;
const BETWEEN = /[^\p{L}\p{N}]+/u;
const HAN = /\p{Script=Han}/u;

/**
 * Splits a name or query into normalised parts: lower case, without accents (Unicode NFKD), with one form for interchangeable
 * letters. `Łucja-Zoë Strauß` yields `lucja`, `zoe` and `strauss`.
 */
export function partsOf(text: string): string[] {
  const plain = text.normalize('NFKD').toLowerCase().replaceAll(LEFT_OUT, '');
  return plain
    .replaceAll(LETTER, (letter) => LETTERS[letter]!)
    .split(BETWEEN)
    .filter((word) => word !== '');
}

/** How well a part of a name fits a typed one; 0: not at all. */
export const FIT = { exact: 4, prefix: 3, within: 2, typo: 1, none: 0 } as const;

/** Chinese is written without spaces, so the typed text may be anywhere in a part. */
export const isHan = (typed: string): boolean => HAN.test(typed);

/** @param typed normalised by `partsOf`, like `word`. @returns a value of FIT */
export function fitOf(word: string, typed: string): number {
  if (word === typed) return FIT.exact;
  if (word.startsWith(typed)) return FIT.prefix;
  const typos = allowedTypos(typed);
  if (typos > 0 && Math.abs(word.length - typed.length) <= typos && differsAtMost(word, typed, typos)) return FIT.typo;
  return isHan(typed) && word.includes(typed) ? FIT.within : FIT.none;
}

/**
 * Returns how well a name fits a query: each part typed, in any order, must fit a part of the name.
 *
 * @param parts those of the name (`partsOf`). @param typed those of the query
 * @returns 0 for no match; otherwise higher is better, at most 4 per part typed
 */
export function nameFit(parts: readonly string[], typed: readonly string[]): number {
  let sum = 0;
  for (const one of typed) {
    const best = Math.max(0, ...parts.map((word) => fitOf(word, one)));
    if (best === FIT.none) return FIT.none;
    sum += best;
  }
  return sum;
}

/** Typos allowed in a part of this length: one from four letters, two from eight. */
export const allowedTypos = (typed: string): number => (typed.length >= 8 ? 2 : typed.length >= 4 ? 1 : 0);

/**
 * Returns whether two parts are at most `most` typos apart: a letter added, missing or replaced, or two neighbours swapped
 * (Damerau-Levenshtein distance with adjacent transpositions, each letter edited once).
 */
export function differsAtMost(a: string, b: string, most: number): boolean {
  // A common prefix and suffix don't affect the distance, and are usually nearly everything.
  let start = 0;
  const shorter = Math.min(a.length, b.length);
  while (start < shorter && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  let end = 0;
  while (end < shorter - start && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  const longer = Math.max(a.length, b.length) - start - end;
  if (longer === 0) return true;
  // One typo affects two adjacent letters at most.
  if (most === 0 || (most === 1 && longer > 2) || Math.abs(a.length - b.length) > most) return false;
  const from = a.slice(start, a.length - end);
  const to = b.slice(start, b.length - end);
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return false;
    before = last;
    last = row;
  }
  return last[to.length]! <= most;
}
