import { DATE, formatter } from '../i18n.ts';

/**
 * Formats and parses dates and times in the page's language. A date is `YYYY-MM-DD`, a time `HH:MM`; '' means none. Pure.
 */

type Part = 'day' | 'month' | 'year';

/** The parts of a date, without direction marks: a field has one direction. */
const pieces = (language: string, at: number) =>
  formatter(language, { ...DATE, timeZone: 'UTC' })
    .formatToParts(at)
    .map(({ type, value }) => ({ type, value: value.replace(/\p{Cf}/gu, '') }));

/** Formats a date, e.g. `26.11.2026`, `2026/11/26`. Invalid text is returned unchanged. */
export function writeDay(day: string, language: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at)) return day;
  return pieces(language, at)
    .map(({ value }) => value)
    .join('');
}

/** Returns the format with letters instead of numbers, e.g. `TT.MM.JJJJ`. */
export const dayPattern = (language: string, labels: Readonly<Record<Part, string>>): string =>
  pieces(language, 0)
    .map(({ type, value }) => labels[type as Part] ?? value)
    .join('');

/** Converts Arabic, Persian and full-width digits to ASCII. */
const digits = (text: string): string =>
  text.replace(/\p{Nd}/gu, (one) => {
    const at = one.codePointAt(0)!;
    const zero = [0x660, 0x6f0, 0xff10].find((first) => at >= first && at < first + 10);
    return zero === undefined ? one : String(at - zero);
  });

const whole = (text: string): string[] => digits(text).match(/\d+/g) ?? [];

/** Parses a date in the order of the language or with the year first; null if it is not a date. */
export function readDay(text: string, language: string): string | null {
  if (text.trim() === '') return '';
  const given = whole(text);
  if (given.length !== 3) return null;
  const order: Part[] = given[0]!.length === 4 ? ['year', 'month', 'day'] : orderOf(language);
  const of = (part: Part) => given[order.indexOf(part)]!;
  if (of('year').length !== 4 || of('month').length > 2 || of('day').length > 2) return null;
  const day = `${of('year')}-${of('month').padStart(2, '0')}-${of('day').padStart(2, '0')}`;
  const at = Date.parse(`${day}T00:00:00Z`);
  // Otherwise the 31st of a month with 30 days would become the 1st of the next.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day) ? day : null;
}

const orderOf = (language: string): Part[] =>
  pieces(language, 0).flatMap(({ type }) => (type === 'literal' ? [] : [type as Part]));

/** How the languages here write the halves of a day: 2:30 in the afternoon must not be read as night. */
const HALVES = [/\d\s?a\.?\s?m?\b|早上|上午|ص|öö/iu, /\d\s?p\.?\s?m?\b|下午|晚上|م|ös/iu];

/** Parses a time such as `7:30`, `0730` or `7 pm`; null if it is not a time. */
export function readTime(text: string): string | null {
  if (text.trim() === '') return '';
  const given = whole(text);
  const half = HALVES.findIndex((of) => of.test(text));
  const together = given.length === 1 && /^\d{4}$/.test(given[0]!);
  const [hour, minute = half < 0 ? undefined : '00'] = together ? [given[0]!.slice(0, 2), given[0]!.slice(2)] : given;
  if (given.length > 2 || hour === undefined || minute === undefined) return null;
  if (hour.length > 2 || minute.length !== 2 || Number(hour) > 23 || Number(minute) > 59) return null;
  if (half >= 0 && (Number(hour) < 1 || Number(hour) > 12)) return null;
  const of24 = half < 0 ? Number(hour) : (Number(hour) % 12) + 12 * half;
  return `${String(of24).padStart(2, '0')}:${minute}`;
}
