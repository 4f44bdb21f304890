import { z } from 'zod';
import { Language } from '../../../../protocol/api/consents.ts';
import type { LINE_CODES } from '../../../../protocol/api/imports.ts';
import { LANGUAGES } from '../../../../protocol/api/languages.ts';
import { isReadableName } from '../../../../protocol/wire/name.ts';
import { normalised } from '../../../core/people/rows.ts';
import { type ListLine, plain } from './list.ts';

/** Decides for each line of a list whether it is a new person, an existing one, or wrong, and why. Pure. */

type LineCode = (typeof LINE_CODES)[number];

export interface PlannedLine {
  readonly line: ListLine;
  readonly outcome: 'new' | 'known' | 'wrong';
  /** What is wrong with the line. Empty for the other outcomes. */
  readonly codes: readonly LineCode[];
  /** The existing person, if there is one. */
  readonly person: string | null;
  /** Null for the default site. */
  readonly site: string | null;
  readonly language: string | null;
}

interface KnownPeople {
  /** Ids of people by number and by e-mail address, as `normalised` writes them. */
  readonly numbers: ReadonlyMap<string, readonly string[]>;
  readonly emails: ReadonlyMap<string, readonly string[]>;
  readonly sites: readonly { readonly id: string; readonly name: string }[];
}

/** Cells that a spreadsheet would execute as a formula when it opens an export. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const CONTROL = /\p{Cc}/u;
const Email = z.email().max(254);
/** Normalises a name of a language. Turkish `İ` in lower case is an i with an extra combining dot, which is dropped. */
const spelled = (name: string): string => plain(name).replaceAll('\u0307', '');
/** Code of each language of the product by its name in each of them, such as `german`, `allemand`, `deutsch`. */
const NAMES: ReadonlyMap<string, string> = new Map(
  LANGUAGES.flatMap((reader) => {
    const names = new Intl.DisplayNames(reader, { type: 'language' });
    return LANGUAGES.map((code) => [spelled(names.of(code)!), code] as const);
  }),
);
export function planLines(lines: readonly ListLine[], known: KnownPeople): PlannedLine[] {
  const seen = { number: new Set<string>(), email: new Set<string>(), file: new Set<string>() };
  const repeats = (kind: keyof typeof seen, key: string | null): boolean => {
    if (key === null) return false;
    const before = seen[kind].has(key);
    seen[kind].add(key);
    return before;
  };
  return lines.map((line) => {
    const { name, number, email, file } = line;
    const codes = new Set<LineCode>();
    if (name === null) codes.add('name-missing');
    else if (name.length > 200 || !isReadableName(name)) codes.add('name-wrong');
    if (number === null && email === null) codes.add('key-missing');
    if (number !== null && (number.length > 40 || CONTROL.test(number))) codes.add('number-wrong');
    if (email !== null && !Email.safeParse(email).success) codes.add('email-wrong');
    if (file !== null && file.length > 255) codes.add('file-wrong');
    if ([name, number, email, file, line.site, line.language].some((cell) => cell !== null && FORMULA.test(cell)))
      codes.add('cell-formula');
    const language = languageOf(line.language);
    if (language === undefined) codes.add('language-unknown');
    const places = line.site === null ? [] : sitesNamed(line.site, known.sites);
    if (line.site !== null && places.length !== 1) codes.add(places.length === 0 ? 'site-unknown' : 'site-unclear');
    const keys = { number: number && normalised('number', number), email: email && normalised('email', email) };
    // Both are evaluated, so that each key is recorded even if the other repeats.
    const again = [repeats('number', keys.number), repeats('email', keys.email)];
    if (again.includes(true)) codes.add('line-repeated');
    if (repeats('file', file && plain(file))) codes.add('file-repeated');
    const byNumber = (keys.number && known.numbers.get(keys.number)) || [];
    const byEmail = (keys.email && known.emails.get(keys.email)) || [];
    const people = new Set([...byNumber, ...byEmail]);
    if (byNumber.length > 1 || byEmail.length > 1) codes.add('person-unclear');
    else if (people.size > 1) codes.add('person-conflict');
    const [person = null] = people;
    return {
      line,
      outcome: codes.size > 0 ? 'wrong' : person === null ? 'new' : 'known',
      codes: [...codes],
      person: people.size === 1 ? person : null,
      site: places[0] ?? null,
      language: language ?? null,
    };
  });
}

/** Returns the language code of a cell. Null for an empty cell, undefined for an unknown language. */
function languageOf(cell: string | null): string | null | undefined {
  if (cell === null) return null;
  const named = NAMES.get(spelled(cell));
  if (named) return named;
  const [base = '', ...rest] = cell.trim().split(/[-_]/);
  const code = [base.toLowerCase(), ...rest].join('-');
  return Language.safeParse(code).success && isLanguage(code) ? code : undefined;
}

/** Whether a code stands for a known language. `klingon` is well-formed, but no language has that code. */
function isLanguage(code: string): boolean {
  const named = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }).of(code.split('-')[0]!);
  return named !== undefined;
}

const sitesNamed = (cell: string, sites: KnownPeople['sites']): string[] =>
  sites.filter(({ id, name }) => id === cell.toLowerCase() || plain(name) === plain(cell)).map(({ id }) => id);
