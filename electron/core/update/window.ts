import type { UpdateWindow } from '../../../sync/protocol/wire/fleet.ts';

const MINUTE = 60_000;
const DAY = 1440;

const minuteOf = (wall: string): number => Number(wall.slice(0, 2)) * 60 + Number(wall.slice(3));

/** Minutes since midnight on the wall of `zone`. @throws RangeError for a zone that is none */
function wallMinute(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .formatToParts(at)
    .filter(({ type }) => type === 'hour' || type === 'minute');
  return Number(parts[0]!.value) * 60 + Number(parts[1]!.value);
}

/** Whether this zone can be reckoned with here. */
export function isZone(zone: string): boolean {
  try {
    wallMinute(zone, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether the window is open; without one it always is. @param at trusted time, ms since 1970 */
export function isOpen(window: UpdateWindow | null, at: number): boolean {
  if (!window) return true;
  const [from, to, now] = [minuteOf(window.from), minuteOf(window.to), wallMinute(window.zone, at)];
  return from < to ? now >= from && now < to : now >= from || now < to;
}

/** How long it is open, ms. */
export const lengthOf = ({ from, to }: UpdateWindow): number => ((minuteOf(to) - minuteOf(from) + DAY) % DAY) * MINUTE;

/** When it opens next; `at` where it is open. An hour that a day skips, or has twice, is taken as the wall then shows it. */
export function nextOpening(window: UpdateWindow | null, at: number): number {
  if (!window || isOpen(window, at)) return at;
  const from = minuteOf(window.from);
  const whole = Math.floor(at / MINUTE) * MINUTE;
  const guess = whole + ((from - wallMinute(window.zone, whole) + DAY) % DAY) * MINUTE;
  // Between now and then the clock may have been put forward or back.
  const off = ((wallMinute(window.zone, guess) - from + DAY + DAY / 2) % DAY) - DAY / 2;
  const fixed = guess - off * MINUTE;
  if (isOpen(window, fixed)) return fixed;
  // The night to summer time skips a window that lies within its hour: then it opens the night after.
  return isOpen(window, guess) ? guess : nextOpening(window, guess + MINUTE);
}
