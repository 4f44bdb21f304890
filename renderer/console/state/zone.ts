/** Between the wall clock of a site and moments: filters name days, the API wants instants. Pure. */

import { wallClock } from '../../../sync/protocol/wire/calendar.ts';

/** Offset of a zone at a moment, ms east of UTC. */
const offsetAt = (ms: number, timeZone: string): number => wallClock(timeZone)(ms) - ms;

/**
 * The moment at which a wall clock shows that. In the hour that summer time repeats, the first; in the one it leaves out, as
 * if the clock had not been moved yet.
 *
 * @param date `YYYY-MM-DD`
 * @param time `HH:MM`
 * @returns RFC 3339 in UTC; null: `date` or `time` is not one
 */
export function instantAt(date: string, time: string, timeZone: string): string | null {
  const wall = Date.parse(`${date}T${time}:00.000Z`);
  if (Number.isNaN(wall)) return null;
  const before = offsetAt(wall - 86_400_000, timeZone);
  const candidates = [before, offsetAt(wall + 86_400_000, timeZone)].map((offset) => wall - offset);
  const right = candidates.filter((ms) => ms + offsetAt(ms, timeZone) === wall);
  return new Date(right.length > 0 ? Math.min(...right) : wall - before).toISOString();
}

/** A day later or earlier. @param date `YYYY-MM-DD` */
export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
