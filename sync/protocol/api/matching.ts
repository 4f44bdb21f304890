/**
 * How what someone types is compared with names: those of people on the server, those of pages, kiosks and sites in the
 * console. Pure.
 */

/** Letters that have no canonical decomposition, as they are written without their own key. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ŋ: 'n', ı: 'i' },
  // Arabic and Persian forms of alef, yeh, kaf and teh marbuta that are typed for one another.
  ...{ ٱ: 'ا', ى: 'ي', ی: 'ي', ې: 'ي', ک: 'ك', ة: 'ه' },
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');
/** Accents and vowel signs; apostrophes, which O’Brien may be written without; the Arabic tatweel. */
const LEFT_OUT = /[\p{M}'’‘ʼʻ`´ـ]/gu;
const BETWEEN = /[^\p{L}\p{N}]+/u;
const HAN = /\p{Script=Han}/u;

/**
 * Words of a name or a query, folded: small letters, without accents (Unicode NFKD), with one form for letters that are
 * typed for one another. `Łucja-Zoë Strauß` has `lucja`, `zoe` and `strauss`.
 */
export function partsOf(text: string): string[] {
  const plain = text.normalize('NFKD').toLowerCase().replaceAll(LEFT_OUT, '');
  return plain
    .replaceAll(LETTER, (letter) => LETTERS[letter]!)
    .split(BETWEEN)
    .filter((word) => word !== '');
}

/** How well a word fits one that was typed; 0: it does not. */
export const FIT = { exact: 4, prefix: 3, within: 2, typo: 1, none: 0 } as const;

/** Chinese is written without spaces, so what is typed may be anywhere in a word. */
export const isHan = (typed: string): boolean => HAN.test(typed);

/** @param typed as `word`, a word of `partsOf`. @returns a value of FIT */
export function fitOf(word: string, typed: string): number {
  if (word === typed) return FIT.exact;
  if (word.startsWith(typed)) return FIT.prefix;
  const typos = allowedTypos(typed);
  if (typos > 0 && Math.abs(word.length - typed.length) <= typos && differsAtMost(word, typed, typos)) return FIT.typo;
  return isHan(typed) && word.includes(typed) ? FIT.within : FIT.none;
}

/**
 * How well a name fits a query: each word typed, in any order, has to fit one of its words.
 *
 * @param parts of the name (`partsOf`). @param typed those of the query
 * @returns 0: it does not; else higher is better, and at most 4 a word typed
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

/** Typos allowed in a word of that length: one from four letters, two from eight. */
export const allowedTypos = (typed: string): number => (typed.length >= 8 ? 2 : typed.length >= 4 ? 1 : 0);

/**
 * Whether words are at most `most` typos apart: a letter more, less, another, or two neighbours exchanged (the distance of
 * Damerau and Levenshtein with adjacent transpositions, each letter edited once).
 */
export function differsAtMost(a: string, b: string, most: number): boolean {
  // What both begin and end with changes nothing, and is nearly everything.
  let start = 0;
  const shorter = Math.min(a.length, b.length);
  while (start < shorter && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  let end = 0;
  while (end < shorter - start && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  const longer = Math.max(a.length, b.length) - start - end;
  if (longer === 0) return true;
  // One typo touches two neighbours at most.
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
