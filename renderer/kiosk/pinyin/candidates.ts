import { COMPOUND } from './names.ts';
import { makeTable, type Table } from './table.ts';

/** What typed letters may stand for. Lists have the likeliest first. */
export interface Candidate {
  readonly text: string;
  /** How many of the letters it replaces. */
  readonly takes: number;
}

/** Prepares the look-up. This takes some tenths of a second, once. */
export function makeCandidates(): (typed: string) => Candidate[] {
  const table = makeTable();
  return (typed) => candidatesOf(table, typed);
}

const LONGEST = 6;

/** Two-character surnames first, then characters of the first syllable, or of all that an unfinished one may become. Pure. */
function candidatesOf(table: Table, typed: string): Candidate[] {
  const letters = typed.toLowerCase();
  const found: Candidate[] = Object.entries(COMPOUND)
    .filter(([reading]) => letters.startsWith(reading))
    .map(([reading, text]) => ({ text, takes: reading.length }));
  // The longest syllable whose rest also splits into syllables, then shorter ones: "xian" may be "xi'an".
  const lengths = Array.from({ length: LONGEST }, (_, i) => LONGEST - i).filter((n) => table.has(letters.slice(0, n)));
  const whole = lengths.filter((n) => n <= letters.length && splits(table, letters.slice(n)));
  for (const takes of whole.length > 0 ? whole : lengths)
    for (const text of table.get(letters.slice(0, takes)) ?? []) found.push({ text, takes });
  if (lengths.length === 0) for (const text of beginning(table, letters)) found.push({ text, takes: letters.length });
  return found.filter((one, at) => found.findIndex((other) => other.text === one.text) === at);
}

/** Whether letters split into syllables, the last of which may be unfinished. */
function splits(table: Table, letters: string): boolean {
  const rest = letters.replace(/^'/, '');
  if (rest === '') return true;
  for (let n = 1; n <= Math.min(LONGEST, rest.length); n += 1)
    if (table.has(rest.slice(0, n)) && splits(table, rest.slice(n))) return true;
  return [...table.keys()].some((syllable) => syllable.startsWith(rest));
}

/** The first four characters of all syllables that begin like this, alternating between syllables. */
function beginning(table: Table, letters: string): string[] {
  const lists = [...table].filter(([syllable]) => syllable.startsWith(letters)).map(([, chars]) => chars);
  return Array.from({ length: 4 }, (_, at) => lists.flatMap((chars) => chars[at] ?? [])).flat();
}
