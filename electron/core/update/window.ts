import { attendanceDays } from '../../../sync/protocol/wire/calendar.ts';
import type { UpdateWindow } from '../../../sync/protocol/wire/fleet.ts';

const MINUTE = 60_000;
const DAY = 1440;

const minuteOf = (wall: string): number => Number(wall.slice(0, 2)) * 60 + Number(wall.slice(3));

/** Returns minutes since midnight, local time in `zone`. @throws RangeError for an invalid time zone */
function wallMinute(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .formatToParts(at)
    .filter(({ type }) => type === 'hour' || type === 'minute');
  return Number(parts[0]!.value) * 60 + Number(parts[1]!.value);
}

/** Returns whether the window is open; without a window it always is. @param at trusted time, ms since 1970 */
export function isOpen(window: UpdateWindow | null, at: number): boolean {
  if (!window) return true;
  const [from, to, now] = [minuteOf(window.from), minuteOf(window.to), wallMinute(window.zone, at)];
  return from < to ? now >= from && now < to : now >= from || now < to;
}

/** Returns how long it is open, ms. */
export const lengthOf = ({ from, to }: UpdateWindow): number => ((minuteOf(to) - minuteOf(from) + DAY) % DAY) * MINUTE;

/** Returns when it opens next; `at` if it is open. */
export function nextOpening(window: UpdateWindow | null, at: number): number {
  if (!window || isOpen(window, at)) return at;
  const { end } = attendanceDays({ timeZone: window.zone, dayStartsAt: window.from })(at);
  // The change to summer time skips a window within the skipped hour: then it opens the following night.
  return nextOpening(window, end);
}
