import { z } from 'zod';
import { Language } from '../../../../protocol/api/consents.ts';
import type { LINE_CODES } from '../../../../protocol/api/imports.ts';
import { LANGUAGES } from '../../../../protocol/api/languages.ts';
import { isReadableName } from '../../../../protocol/wire/name.ts';
import { normalised } from '../../../core/people/rows.ts';
import { type ListLine, plain } from './list.ts';

/** What becomes of each line of a list of people: someone new, someone who is there, or why not. Pure. */

type LineCode = (typeof LINE_CODES)[number];

export interface PlannedLine {
  readonly line: ListLine;
  readonly outcome: 'new' | 'known' | 'wrong';
  /** What is wrong with it; none for the others. */
  readonly codes: readonly LineCode[];
  /** Someone who exists already. */
  readonly person: string | null;
  /** Null: the default site. */
  readonly site: string | null;
  readonly language: string | null;
}

interface KnownPeople {
  /** People by number, and by address, as `normalised` writes them. */
  readonly numbers: ReadonlyMap<string, readonly string[]>;
  readonly emails: ReadonlyMap<string, readonly string[]>;
  readonly sites: readonly { readonly id: string; readonly name: string }[];
}

/** A spreadsheet that opens an export would execute such a cell. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const CONTROL = /\p{Cc}/u;
const Email = z.email().max(254);
/** Turkish `İ` is, in small letters, an i with another dot above. */
const spelled = (name: string): string => plain(name).replaceAll('\u0307', '');
/** What each language of the product is called in each: `german`, `allemand`, `deutsch`. */
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
    // Each is noted, also where the other repeats.
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

/** Undefined: no such language. */
function languageOf(cell: string | null): string | null | undefined {
  if (cell === null) return null;
  const named = NAMES.get(spelled(cell));
  if (named) return named;
  const [base = '', ...rest] = cell.trim().split(/[-_]/);
  const code = [base.toLowerCase(), ...rest].join('-');
  return Language.safeParse(code).success && isLanguage(code) ? code : undefined;
}

/** `klingon` is shaped like a code of a language without being one: three letters at most, and one that has a name. */
function isLanguage(code: string): boolean {
  const named = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }).of(code.split('-')[0]!);
  return named !== undefined;
}

const sitesNamed = (cell: string, sites: KnownPeople['sites']): string[] =>
  sites.filter(({ id, name }) => id === cell.toLowerCase() || plain(name) === plain(cell)).map(({ id }) => id);
