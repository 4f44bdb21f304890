import { pinyin } from 'pinyin-pro';
import { GIVEN, READ_AS_SURNAME, SURNAMES } from './names.ts';

/** Characters by their syllable without tone (ü is typed as v), those most used in names first. */
export type Table = ReadonlyMap<string, readonly string[]>;

/** All that the font and the code page contain: simplified and traditional. */
const [FIRST, LAST] = [0x4e00, 0x9fff];

/** Builds the table when a name is first typed, which takes some tenths of a second. */
export function makeTable(): Table {
  const usual = usage();
  const found = new Map<string, { char: string; rank: number }[]>();
  for (let code = FIRST; code <= LAST; code += 1) {
    const char = String.fromCodePoint(code);
    const readings = new Set(pinyin(char, { toneType: 'none', multiple: true, type: 'array', v: true }));
    const surname = READ_AS_SURNAME[char];
    if (surname) readings.add(surname);
    for (const [at, syllable] of [...readings].entries()) {
      if (!/^[a-z]{1,6}$/.test(syllable)) continue;
      const rank = (usual.get(char) ?? UNUSUAL) + (surname === syllable || at === 0 ? 0 : SECOND_READING);
      const list = found.get(syllable) ?? [];
      list.push({ char, rank });
      found.set(syllable, list);
    }
  }
  return new Map(
    [...found].map(([syllable, list]) => [syllable, list.sort((a, b) => a.rank - b.rank).map(({ char }) => char)]),
  );
}

const COMMON = 10_000;
const LESS_COMMON = 20_000;
const UNUSUAL = 30_000;
/** Added to a character's rank under its rarer readings. */
const SECOND_READING = 8_000;

/**
 * Ranks characters by how common they are: those of names in their order, then the 3,755 of GB 2312's first level and the
 * 3,008 of its second.
 */
function usage(): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const decoder = new TextDecoder('gb18030');
  for (let row = 0xb0; row <= 0xf7; row += 1)
    for (let cell = 0xa1; cell <= 0xfe; cell += 1)
      ranks.set(decoder.decode(Uint8Array.of(row, cell)), row < 0xd8 ? COMMON : LESS_COMMON);
  for (const [at, char] of [...new Set([...SURNAMES, ...GIVEN])].entries()) ranks.set(char, at);
  return ranks;
}
