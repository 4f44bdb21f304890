import { signal } from '@preact/signals';
import i18next, { type i18n } from 'i18next';

/** The present language; components that read `t` redraw when it changes. */
const language = signal('en');
let instance: i18n = i18next;

/** Nested sentences of one language. */
export interface Sentences {
  readonly [key: string]: string | Sentences;
}

type FetchSentences = (language: string) => Promise<Sentences>;
let fetchSentences: FetchSentences = () => Promise.reject(new Error('every language was there from the start'));
/** The languages whose sentences are loaded; a view that shows several redraws when another arrives. */
const present = signal<readonly string[]>([]);
/** The language that was asked for last. */
let wanted = 'en';

/**
 * Begins with the languages that are in the bundle: English, which also speaks where another language has no sentence.
 * @param fetch where the sentences of the others come from
 * @returns once the first language is shown, or English in its place
 */
export function initI18n(bundled: Record<string, Sentences>, first: string, fetch?: FetchSentences): Promise<void> {
  if (fetch) fetchSentences = fetch;
  instance = i18next.createInstance();
  void instance.init({
    lng: 'en',
    fallbackLng: 'en',
    resources: Object.fromEntries(Object.entries(bundled).map(([l, translation]) => [l, { translation }])),
    interpolation: { escapeValue: false }, // preact escapes
    returnEmptyString: true, // what needs no word has none
    initAsync: false,
  });
  present.value = Object.keys(bundled);
  show('en');
  return setLanguage(first);
}

/** True once a language can be spoken. */
export const isPresent = (lng: string): boolean => present.value.includes(lng);

/** Fetches a language's sentences, if they are not here yet. Rejects where they can't be reached. */
export async function fetchLanguage(lng: string): Promise<void> {
  if (present.peek().includes(lng)) return;
  instance.addResourceBundle(lng, 'translation', await fetchSentences(lng));
  present.value = [...present.peek(), lng];
}

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar', 'fa', 'he', 'ur']);

/** The direction in which a language is written, for `dir`. */
export const directionOf = (lng: string): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.has(lng.split('-')[0]!) ? 'rtl' : 'ltr');

/** What a language calls itself, as a menu has it: with a capital. */
export function ownName(lng: string): string {
  const name = new Intl.DisplayNames([lng], { type: 'language' }).of(lng) ?? lng;
  return name.charAt(0).toLocaleUpperCase(lng) + name.slice(1);
}

/** The same where there is little room: its code in place of a Latin name, as `FR`. */
export const shortName = (lng: string): string =>
  /^\p{Script=Latin}/u.test(ownName(lng)) ? lng.toUpperCase() : ownName(lng);

/** In small letters, as the present language has them: in Turkish I and İ are two. */
export const inSmall = (text: string): string => text.toLocaleLowerCase(language.value);

/**
 * Changes the language of the page, and with it the direction of its layout: at once where its sentences are here. The
 * last of several choices counts; one that can't be reached leaves the page as it is.
 */
export async function setLanguage(next: string): Promise<void> {
  wanted = next;
  if (!present.peek().includes(next)) {
    const here = await fetchLanguage(next).then(
      () => true,
      () => false,
    );
    if (!here || wanted !== next) return;
  }
  show(next);
}

function show(next: string): void {
  void instance.changeLanguage(next);
  language.value = next;
  // A unit test has no page.
  if (typeof document === 'undefined') return;
  document.documentElement.lang = next;
  document.documentElement.dir = directionOf(next);
}

export const currentLanguage = (): string => language.value;

type Plural = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
type Stem<K extends string> = K extends `${infer S}_${Plural}` ? S : K;

/** The keys of an English file as dotted paths; plural forms count as one key. */
export type KeyOf<English> = {
  [K in keyof English & string]: English[K] extends string ? Stem<K> : `${K}.${KeyOf<English[K]>}`;
}[keyof English & string];

/** The rest of the keys that begin with this path. */
export type Under<Key, Path extends string> = Key extends `${Path}.${infer Rest}` ? Rest : never;
/** What has a name of its own for a menu: the paths of all keys `PATH.nav`. */
export type PathOf<Key> = Key extends `${infer Path}.nav` ? Path : never;

type Values = Record<string, unknown>;

/** Plural forms go by `count` itself; what is shown of it, and of any other number, is as the language writes it. */
const tIn = (lng: string, key: string, values?: Values): string =>
  instance.t(key, { ...values, lng, replace: shownAs(lng, values) });

/** What a page calls its sentences by: a key that isn't in its English file does not compile. */
export const translations = <Key extends string>() => {
  const hasSentence = (key: string): key is Key => instance.exists(key, { lng: 'en' });
  return {
    /** The sentence for a key in the present language. */
    t: (key: Key, values?: Values): string => tIn(language.value, key, values),
    /** The sentence in a given language, e.g. the one of the person who is greeted. */
    tIn: (lng: string, key: Key, values?: Values): string => tIn(lng, key, values),
    /** True if there is such a sentence: a code may come from a newer build. */
    hasSentence,
    /** The key of a code where it has a sentence, else the general one. */
    keyOr: (key: string, general: Key): Key => (hasSentence(key) ? key : general),
  };
};

const RTL = '\\p{Script=Arabic}\\p{Script=Hebrew}\\p{Script=Syriac}\\p{Script=Thaana}\\p{Script=Nko}\\p{Script=Adlam}';
/** What would reverse a sentence: letters of the other direction; in a right-to-left language also numbers. */
const OPPOSITE = {
  ltr: new RegExp(`[${RTL}]`, 'u'),
  rtl: new RegExp(`(?![${RTL}])[\\p{L}\\p{N}]`, 'u'),
};
/** Begin and end of text with its own direction, as `<bdi>` does where there are elements: attributes have none. */
const [OPEN, CLOSE] = ['\u2068', '\u2069'];

/**
 * As sentences show values: numbers are grouped. Names and other words of people stay one piece in a sentence, whatever script they have: `Nora (א) left` keeps its
 * brackets and its order. What has the sentence's own direction stays as it is.
 */
function shownAs(lng: string, values: Values = {}): Values {
  const opposite = OPPOSITE[directionOf(lng)];
  const one = (value: unknown) => {
    if (typeof value === 'number') return numberOf(value, {}, lng);
    return typeof value === 'string' && !value.includes(OPEN) && opposite.test(value)
      ? `${OPEN}${value}${CLOSE}`
      : value;
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, one(value)]));
}

/**
 * The locale for dates. English days are written as in Britain; Arabic ones with the digits that the keypads, badges and
 * the other languages of the same screen have.
 */
export const localeOf = (lng: string): string => ({ en: 'en-GB', ar: 'ar-u-nu-latn', zh: 'zh-CN' })[lng] ?? lng;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Dates and times as a language writes them, 24 h; one formatter each, since making one is slow. */
export function formatter(lng: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lng + JSON.stringify(options);
  const known = clocks.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(localeOf(lng), { hourCycle: 'h23', ...options });
  clocks.set(key, made);
  return made;
}

const numbers = new Map<string, Intl.NumberFormat>();

/** A number as a language writes it: `9,500` in English, `9.500` in German. */
export const numberOf = (n: number, options: Intl.NumberFormatOptions = {}, lng = language.value): string =>
  numbersOf(options, lng).format(n);

function numbersOf(options: Intl.NumberFormatOptions, lng: string): Intl.NumberFormat {
  const key = lng + JSON.stringify(options);
  let known = numbers.get(key);
  if (!known) {
    known = new Intl.NumberFormat(localeOf(lng), options);
    numbers.set(key, known);
  }
  return known;
}

type DurationUnit = 'second' | 'minute' | 'hour' | 'day';

/** "5 minutes"; `short`: "5 mins". */
export const durationOf = (n: number, unit: DurationUnit, unitDisplay: 'long' | 'short' = 'long'): string =>
  numberOf(n, { style: 'unit', unit, unitDisplay });

/** What is left of a wait: "1:05 min" from a minute up, else "45 secs". Rounded up, so that no one tries too soon. */
export function waitOf(seconds: number): string {
  if (seconds < 60) return durationOf(seconds, 'second', 'short');
  const rest = String(seconds % 60).padStart(2, '0');
  return numbersOf({ style: 'unit', unit: 'minute', unitDisplay: 'short' }, language.value)
    .formatToParts(Math.floor(seconds / 60))
    .map(({ type, value }) => (type === 'integer' ? `${value}:${rest}` : value))
    .join('');
}

/** Commas and colons where they are not the Latin ones. */
const COMMAS: Readonly<Record<string, string>> = { ar: '، ', zh: '、' };
const COLONS: Readonly<Record<string, string>> = { fr: '\u202f: ', zh: '：' };

/** One after the other, with the comma of the language: `A, B` in English, `A、B` in Chinese. */
export const listed = (items: readonly string[], lng = language.value): string => items.join(COMMAS[lng] ?? ', ');

/** What something is, and behind a colon as the language has it: what of it. */
export const labelled = (label: string, of: string | number, lng = language.value): string =>
  `${label}${COLONS[lng] ?? ': '}${of}`;

/** Of scores: always two digits after the point. */
export const TWO_DIGITS = { minimumFractionDigits: 2, maximumFractionDigits: 2 } as const;
/** Of measurements. */
export const ONE_DIGIT = { minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;

const zone = signal<string | undefined>(undefined);

/** From now on times are shown in this zone; the machine's own where this browser knows none of that name. */
export function setTimeZone(name: string): void {
  try {
    formatter('en', { timeZone: name });
    zone.value = name;
  } catch {
    zone.value = undefined;
  }
}

/** A moment as a language writes it, in the zone that was set. */
const written = (at: Date, lng: string, options: Intl.DateTimeFormatOptions): string =>
  formatter(lng, { ...options, timeZone: zone.value }).format(at);

/** The hour of the day, 0 to 23. */
export const hourOf = (at: Date): number => Number(written(at, 'en', { hour: '2-digit' }));

export const TIME = { hour: '2-digit', minute: '2-digit' } as const;
/** Day, month and year, in numbers. */
export const DATE = { day: '2-digit', month: '2-digit', year: 'numeric' } as const;

/** Hours and minutes, 24 h. */
export const timeOfDay = (at: Date, lng = language.value): string => written(at, lng, TIME);

/** Hours, minutes and seconds, 24 h. */
export const clockOf = (at: Date, lng = language.value): string => written(at, lng, { ...TIME, second: '2-digit' });

/** E.g. "Tuesday, 24 November". */
export const dayOf = (at: Date, lng = language.value): string =>
  written(at, lng, { weekday: 'long', day: 'numeric', month: 'long' });

/** Day and time to the second, for comparing clocks. */
export const secondOf = (at: Date, lng = language.value): string =>
  written(at, lng, { ...DATE, ...TIME, second: '2-digit' });

/** Day and time, short. */
export const momentOf = (at: Date, lng = language.value): string => written(at, lng, { ...DATE, ...TIME });
