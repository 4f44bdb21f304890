/**
 * The attendance days of a site, each from one `dayStartsAt` (local time) to the next. Pure. Every instant is in exactly one day,
 * even where clocks change, a day has 23, 24 or 25 hours, or a zone skips a date.
 */
export interface SiteCalendar {
  /** IANA name. */
  readonly timeZone: string;
  /** `HH:MM`: 00:00 for a calendar day; 04:00 or noon where shifts span midnight. */
  readonly dayStartsAt: string;
}

export interface AttendanceDay {
  /** `YYYY-MM-DD`: the local date when the day starts. */
  readonly day: string;
  /** First instant, ms since 1970. */
  readonly start: number;
  /** First instant of the next day. */
  readonly end: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** More than any zone's offset from UTC has ever been (Manila before 1845: −15:56). */
const MOST_OFFSET_MS = 16 * 3_600_000;
/** Number of days that one calendar caches: a bit more than a year. */
const MEMORY = 500;

/** Number of recently found days, checked first: most calls are about them, and formatting an instant takes 20 µs. */
const LATELY = 8;
/** Years 1 to 9999, as RFC 3339 writes them, less a margin for zones. */
const FIRST = Date.parse('0001-01-03T00:00:00Z');
const LAST = Date.parse('9999-12-29T00:00:00Z');

/** @returns the attendance day that contains an instant (ms since 1970); outside the years 1 to 9999, the first or last day */
export type DayOf = (at: number) => AttendanceDay;

/**
 * Makes the day function of a site. It caches days, so keep it for as long as the calendar stays the same.
 *
 * @throws RangeError for a zone that the runtime doesn't know
 */
export function attendanceDays({ timeZone, dayStartsAt }: SiteCalendar): DayOf {
  const wall = wallClock(timeZone);
  const [hour, minute] = dayStartsAt.split(':').map(Number) as [number, number];
  const known = new Map<number, number>();
  const lately: AttendanceDay[] = [];

  /** @param date days since 1970 in local time; @returns the instant at which that date's attendance day starts */
  const startOf = (date: number): number => {
    let start = known.get(date);
    if (start === undefined) {
      start = firstInstant(wall, date * DAY_MS + (hour * 60 + minute) * MINUTE_MS);
      if (known.size >= MEMORY) known.clear();
      known.set(date, start);
    }
    return start;
  };

  return (at) => {
    const held = Math.max(FIRST, Math.min(LAST, at));
    const recent = lately.find((d) => d.start <= held && held < d.end);
    if (recent) return recent;
    let date = Math.floor(wall(held) / DAY_MS);
    // The local date is at most one day off: before the day's start it is still yesterday, and clocks set back across the start
    // don't return to yesterday.
    while (startOf(date) > held) date -= 1;
    while (startOf(date + 1) <= held) date += 1;
    const found = { day: dateText(date), start: startOf(date), end: startOf(date + 1) };
    lately.unshift(found);
    lately.length = Math.min(lately.length, LATELY);
    return found;
  };
}

/** Returns the local clock of a zone: instant → ms since 1970 as if local time were UTC. Exact to the second in every era. */
function wallClock(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(at)) part[type] = value;
    const date = new Date(0);
    date.setUTCFullYear(Number(part.year), Number(part.month) - 1, Number(part.day));
    date.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second));
    return date.getTime() + (((at % 1000) + 1000) % 1000);
  };
}

/**
 * Returns the first instant at which the local clock shows `target`. Where clocks jump over it, the moment of the jump; where
 * they are set back and show it twice, the first time.
 */
function firstInstant(wall: (at: number) => number, target: number): number {
  // Local time is `target` at target − offset. Both offsets in effect around it are tried, the earlier instant first.
  const before = wall(target - MOST_OFFSET_MS) - (target - MOST_OFFSET_MS);
  const after = wall(target + MOST_OFFSET_MS) - (target + MOST_OFFSET_MS);
  const candidates = [target - before, target - after].sort((a, b) => a - b);
  for (const at of candidates) if (wall(at) === target) return at;
  // In a gap: local time jumps from below the target to above it exactly once within these bounds.
  let low = candidates[0]! - MOST_OFFSET_MS;
  let high = candidates[1]! + MOST_OFFSET_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wall(middle) < target) low = middle;
    else high = middle;
  }
  return high;
}

function dateText(date: number): string {
  return new Date(date * DAY_MS).toISOString().slice(0, -14);
}

/** Returns whether the runtime knows a time zone with this name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
