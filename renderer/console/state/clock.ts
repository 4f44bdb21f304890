import { currentLanguage, formatter, localeOf } from '../../shared/i18n.ts';

/** Hours and minutes in the site's zone, 24 h. */
export const timeIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, { timeZone, hour: '2-digit', minute: '2-digit' }).format(new Date(at));

/** The same with seconds: two records of one minute stay apart. */
export const exactTimeIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, { timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at));

/** "Tuesday, 24 November" in the site's zone. */
export const dateIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, { timeZone, weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(at));

/** Day and time, short. */
export const momentIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(new Date(at));

/** A day alone, short. */
export const shortDateIn = (at: string | number, timeZone: string, language = currentLanguage()): string =>
  formatter(language, { timeZone, day: '2-digit', month: '2-digit', year: 'numeric' }).format(new Date(at));

/** YYYY-MM-DD in the site's zone. */
export const dayKeyIn = (at: string | number, timeZone: string): string =>
  formatter('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at));

/** "2 minutes ago", "yesterday": rounded to the one unit that says enough. */
export function agoOf(ms: number, language = currentLanguage()): string {
  const relative = new Intl.RelativeTimeFormat(localeOf(language), { numeric: 'auto' });
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return relative.format(-seconds, 'second');
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.round(seconds / 3600), 'hour');
  return relative.format(-Math.round(seconds / 86_400), 'day');
}
