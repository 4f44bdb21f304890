import { attendanceDays, type DayOf } from '../../../sync/protocol/wire/calendar.ts';

/** The last valid check-in, as far as it matters for the direction of the next one. */
export interface LastCheckin {
  readonly direction: 'in' | 'out';
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Returns the direction a kiosk claims. `auto` is the opposite of the person's last check-in on the same attendance day, else in.
 * The server decides in the end, since the person may have used another door.
 * @param dayOf the site's days: a shift past midnight belongs to one day if the site's day starts at another hour
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

/** Returns the day function of a site whose calendar the server may change. Recreated after a change, because it caches days. */
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

/** Returns the later of the last record here and the last at another door; this kiosk's own if they are simultaneous. */
export function newest(here: LastCheckin | null, elsewhere: LastCheckin | null): LastCheckin | null {
  return elsewhere && (!here || elsewhere.at > here.at) ? elsewhere : here;
}

/** If the clock was set back by up to this much, a check-in still counts as recent, ms. */
const JITTER_MS = 2_000;

/**
 * Returns whether a check-in now would repeat the last one. Both times come from the same wall clock. A last time in the future
 * means that the clock was corrected since, not that the person was just here: it is recorded.
 */
export function isRepeat(last: LastCheckin | null, now: number, windowMs: number): boolean {
  return last !== null && now - last.at > -JITTER_MS && now - last.at < windowMs;
}
