import { signal } from '@preact/signals';
import i18next, { type i18n } from 'i18next';

/** The current language; components that read `t` redraw when it changes. */
const language = signal('en');
let instance: i18n = i18next;

/** Nested sentences of one language. */
export interface Sentences {
  readonly [key: string]: string | Sentences;
}

type FetchSentences = (language: string) => Promise<Sentences>;
let fetchSentences: FetchSentences = () => Promise.reject(new Error('every language was there from the start'));
/** The languages whose sentences are loaded. A view that shows several redraws when another is loaded. */
const present = signal<readonly string[]>([]);
/** The language requested last. */
let wanted = 'en';

/**
 * Starts with the bundled languages. English is one of them, and is the fallback for missing sentences.
 * @param fetch loads the sentences of the other languages
 * @returns a promise that resolves once the first language is shown, or English instead
 */
export function initI18n(bundled: Record<string, Sentences>, first: string, fetch?: FetchSentences): Promise<void> {
  if (fetch) fetchSentences = fetch;
  instance = i18next.createInstance();
  void instance.init({
    lng: 'en',
    fallbackLng: 'en',
    resources: Object.fromEntries(Object.entries(bundled).map(([l, translation]) => [l, { translation }])),
    interpolation: { escapeValue: false }, // preact escapes values
    returnEmptyString: true, // some sentences are empty on purpose
    initAsync: false,
  });
  present.value = Object.keys(bundled);
  show('en');
  return setLanguage(first);
}

/** Whether a language's sentences are loaded. */
export const isPresent = (lng: string): boolean => present.value.includes(lng);

/** Loads a language's sentences unless they are loaded already. Rejects if they can't be fetched. */
export async function fetchLanguage(lng: string): Promise<void> {
  if (present.peek().includes(lng)) return;
  instance.addResourceBundle(lng, 'translation', await fetchSentences(lng));
  present.value = [...present.peek(), lng];
}

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar', 'fa', 'he', 'ur']);

/** Returns the writing direction of a language, for `dir`. */
export const directionOf = (lng: string): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.has(lng.split('-')[0]!) ? 'rtl' : 'ltr');

/** Returns a language's own name, capitalised for menus. */
export function ownName(lng: string): string {
  const name = new Intl.DisplayNames([lng], { type: 'language' }).of(lng) ?? lng;
  return name.charAt(0).toLocaleUpperCase(lng) + name.slice(1);
}

/** Returns a short form of it: the code instead of a Latin name, such as `FR`. */
export const shortName = (lng: string): string =>
  /^\p{Script=Latin}/u.test(ownName(lng)) ? lng.toUpperCase() : ownName(lng);

/** Converts to lower case by the rules of the current language: Turkish has two letters, I and İ. */
export const inSmall = (text: string): string => text.toLocaleLowerCase(language.value);

/**
 * Changes the page's language, and with it the layout direction, as soon as its sentences are loaded. If several are chosen,
 * the last one wins. If loading fails, nothing changes.
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
  // Unit tests have no document.
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

/** The remainders of the keys that begin with this path. */
export type Under<Key, Path extends string> = Key extends `${Path}.${infer Rest}` ? Rest : never;
/** The paths of all keys `PATH.nav`, which are names for a menu. */
export type PathOf<Key> = Key extends `${infer Path}.nav` ? Path : never;

type Values = Record<string, unknown>;

/** Translates. The plural form depends on `count` itself; it and all other numbers are shown as the language writes them. */
const tIn = (lng: string, key: string, values?: Values): string =>
  instance.t(key, { ...values, lng, replace: shownAs(lng, values) });

/** Returns a page's translation functions. A key that isn't in its English file does not compile. */
export const translations = <Key extends string>() => {
  const hasSentence = (key: string): key is Key => instance.exists(key, { lng: 'en' });
  return {
    /** The sentence for a key in the current language. */
    t: (key: Key, values?: Values): string => tIn(language.value, key, values),
    /** The sentence in a given language, for example that of the person being greeted. */
    tIn: (lng: string, key: Key, values?: Values): string => tIn(lng, key, values),
    /** Whether there is such a sentence. A code may come from a newer build. */
    hasSentence,
    /** The given key if it has a sentence, else the general one. */
    keyOr: (key: string, general: Key): Key => (hasSentence(key) ? key : general),
  };
};

const RTL = '\\p{Script=Arabic}\\p{Script=Hebrew}\\p{Script=Syriac}\\p{Script=Thaana}\\p{Script=Nko}\\p{Script=Adlam}';
/** What would be reordered in a sentence: letters of the other direction; in a right-to-left language also numbers. */
const OPPOSITE = {
  ltr: new RegExp(`[${RTL}]`, 'u'),
  rtl: new RegExp(`(?![${RTL}])[\\p{L}\\p{N}]`, 'u'),
};
/** Start and end of text with its own direction, like `<bdi>`, which attributes can't contain. */
const [OPEN, CLOSE] = ['\u2068', '\u2069'];

/**
 * Formats values for a sentence. Numbers are grouped. Names and other text that people wrote stay one piece in any script:
 * `Nora (א) left` keeps its brackets and order. Text in the sentence's own direction is unchanged.
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
 * The locale for dates. English dates are British. Arabic ones use the same digits as the keypads, badges and the other
 * languages on the screen.
 */
export const localeOf = (lng: string): string => ({ en: 'en-GB', ar: 'ar-u-nu-latn', zh: 'zh-CN' })[lng] ?? lng;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Returns a formatter for dates and times, 24 h. Formatters are cached, since creating one is slow. */
export function formatter(lng: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lng + JSON.stringify(options);
  const known = clocks.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(localeOf(lng), { hourCycle: 'h23', ...options });
  clocks.set(key, made);
  return made;
}

const numbers = new Map<string, Intl.NumberFormat>();

/** Formats a number: `9,500` in English, `9.500` in German. */
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

/** Formats a duration: "5 minutes", or "5 mins" with `short`. */
export const durationOf = (n: number, unit: DurationUnit, unitDisplay: 'long' | 'short' = 'long'): string =>
  numberOf(n, { style: 'unit', unit, unitDisplay });

/** Formats a remaining wait: "1:05 min" from a minute up, else "45 secs". Rounded up, so that no one tries too soon. */
export function waitOf(seconds: number): string {
  if (seconds < 60) return durationOf(seconds, 'second', 'short');
  const rest = String(seconds % 60).padStart(2, '0');
  return numbersOf({ style: 'unit', unit: 'minute', unitDisplay: 'short' }, language.value)
    .formatToParts(Math.floor(seconds / 60))
    .map(({ type, value }) => (type === 'integer' ? `${value}:${rest}` : value))
    .join('');
}

/** Commas and colons that differ from the Latin ones. */
const COMMAS: Readonly<Record<string, string>> = { ar: '، ', zh: '、' };
const COLONS: Readonly<Record<string, string>> = { fr: '\u202f: ', zh: '：' };

/** Joins items with the comma of the language: `A, B` in English, `A、B` in Chinese. */
export const listed = (items: readonly string[], lng = language.value): string => items.join(COMMAS[lng] ?? ', ');

/** Joins a label and its value with the colon of the language. */
export const labelled = (label: string, of: string | number, lng = language.value): string =>
  `${label}${COLONS[lng] ?? ': '}${of}`;

/** For scores: always two decimals. */
export const TWO_DIGITS = { minimumFractionDigits: 2, maximumFractionDigits: 2 } as const;
/** For measurements: always one decimal. */
export const ONE_DIGIT = { minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;

const zone = signal<string | undefined>(undefined);

/** Sets the zone in which times are shown. If the browser doesn't know it, the machine's own is used. */
export function setTimeZone(name: string): void {
  try {
    formatter('en', { timeZone: name });
    zone.value = name;
  } catch {
    zone.value = undefined;
  }
}

/** Formats a moment in the zone that was set. */
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
