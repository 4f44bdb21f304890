import { attendanceDays, type DayOf } from '../../../sync/protocol/wire/calendar.ts';

/** The last check-in that still counts, as far as the direction of the next one is concerned. */
export interface LastCheckin {
  readonly direction: 'in' | 'out';
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * The direction a kiosk claims. `auto` is the opposite of the person's last check-in of the same attendance day, else in;
 * the server has the last word, since the person may have used another door.
 * @param dayOf the site's days: a shift over midnight is of one day where the site's day starts at another hour
 */
export function claimDirection(
  policy: 'auto' | 'in' | 'out',
  last: LastCheckin | null,
  now: number,
  dayOf: DayOf,
): 'in' | 'out' {
  if (policy !== 'auto') return policy;
  if (!last || dayOf(last.at).start !== dayOf(now).start) return 'in';
  return last.direction === 'in' ? 'out' : 'in';
}

/** The day function of a site whose calendar the server may change: remade when it does, since it remembers days. */
export function daysOfSite(): (site: {
  readonly timeZone: string;
  readonly dayStartsAt?: string | undefined;
}) => DayOf {
  let made: { readonly key: string; readonly dayOf: DayOf } | null = null;
  return ({ timeZone, dayStartsAt = '00:00' }) => {
    const key = `${timeZone} ${dayStartsAt}`;
    if (made?.key !== key) made = { key, dayOf: attendanceDays({ timeZone, dayStartsAt }) };
    return made.dayOf;
  };
}

/** The later of the last record here and the last at another door; this kiosk's own if they are simultaneous. */
export function newest(here: LastCheckin | null, elsewhere: LastCheckin | null): LastCheckin | null {
  return elsewhere && (!here || elsewhere.at > here.at) ? elsewhere : here;
}

/** A clock that was set back by up to this much still means "just now", ms. */
const JITTER_MS = 2_000;

/**
 * Whether a check-in now would be the same one again. Both times are claims of the same wall clock. One that is in the
 * future means that the clock was corrected since, and never that someone was here a moment ago: it is recorded.
 */
export function isRepeat(last: LastCheckin | null, now: number, windowMs: number): boolean {
  return last !== null && now - last.at > -JITTER_MS && now - last.at < windowMs;
}
