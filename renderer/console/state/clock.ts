import { currentLanguage, DATE, formatter, localeOf, TIME } from '../../shared/i18n.ts';

/** Formats hours and minutes in the site's zone, 24 h. */
export const timeIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, { timeZone, ...TIME }).format(new Date(at));

/** The same with seconds, which distinguish two records of one minute. */
export const exactTimeIn = (at: string | number, timeZone: string): string =>
  formatter(currentLanguage(), { timeZone, ...TIME, second: '2-digit' }).format(new Date(at));

/** Formats a date such as "Tuesday, 24 November" in the site's zone. */
export const dateIn = (at: string | number, timeZone: string): string =>
  formatter(currentLanguage(), { timeZone, weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(at));

export const momentIn = (at: string | number, timeZone: string): string =>
  formatter(currentLanguage(), { timeZone, ...DATE, ...TIME, second: '2-digit' }).format(new Date(at));

/** Formats a short date, without time. */
export const shortDateIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, { timeZone, ...DATE }).format(new Date(at));

/** Formats a calendar day with its weekday. @param day `YYYY-MM-DD` */
export const longDay = (day: string): string =>
  formatter(currentLanguage(), { timeZone: 'UTC', weekday: 'short', ...DATE }).format(new Date(day));

/** Returns YYYY-MM-DD in the site's zone. */
export const dayKeyIn = (at: string | number, timeZone: string): string =>
  formatter('sv-SE', { timeZone, ...DATE }).format(new Date(at));

/** Formats an age, such as "2 minutes ago" or "yesterday", in one suitable unit. */
export function agoOf(ms: number, language = currentLanguage()): string {
  const relative = new Intl.RelativeTimeFormat(localeOf(language), { numeric: 'auto' });
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return relative.format(-seconds, 'second');
  // A time that rounds up to 60 minutes is shown as an hour.
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.round(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (minutes < 60) return relative.format(-minutes, 'minute');
  return hours < 24 ? relative.format(-hours, 'hour') : relative.format(-days, 'day');
}

/** Conversion between a site's local time and moments: filters name days, the API takes instants. Pure. */

/** Returns a zone's offset at a moment, ms east of UTC. */
function offsetAt(ms: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms);
  const of = (type: string) => Number(parts.find((p) => p.type === type)!.value);
  const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return wall - Math.floor(ms / 1000) * 1000;
}

/**
 * Returns the moment at which a site's clock shows a time. In the hour that summer time repeats, the first one; in the hour it
 * skips, as if the clock had not been changed yet.
 *
 * @param date `YYYY-MM-DD`
 * @param time `HH:MM`
 * @returns RFC 3339 in UTC; null if `date` or `time` is invalid
 */
export function instantAt(date: string, time: string, timeZone: string): string | null {
  const wall = Date.parse(`${date}T${time}:00.000Z`);
  if (Number.isNaN(wall)) return null;
  const before = offsetAt(wall - 86_400_000, timeZone);
  const candidates = [before, offsetAt(wall + 86_400_000, timeZone)].map((offset) => wall - offset);
  const right = candidates.filter((ms) => ms + offsetAt(ms, timeZone) === wall);
  return new Date(right.length > 0 ? Math.min(...right) : wall - before).toISOString();
}

/**
 * Converts calendar days of a zone to the moments of a list's query. `to` is the end of its day, exclusive. An invalid day is
 * ignored.
 *
 * @param from `YYYY-MM-DD`, or empty
 */
export function periodOf(from: string, to: string, timeZone: string): { readonly from?: string; readonly to?: string } {
  const start = from && instantAt(from, '00:00', timeZone);
  const end = to && instantAt(to, '00:00', timeZone) && instantAt(addDays(to, 1), '00:00', timeZone);
  return { ...(start && { from: start }), ...(end && { to: end }) };
}

/** Adds days, or subtracts if negative. @param date `YYYY-MM-DD` */
export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
