/** The last check-in that still counts, as far as the direction of the next one is concerned. */
export interface LastCheckin {
  readonly direction: 'in' | 'out';
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * The direction a kiosk claims. `auto` is the opposite of the person's last check-in of the same local day, else in;
 * the server has the last word, since the person may have used another door.
 * @param timeZone IANA name of the site's zone: "the same day" is the site's day
 */
export function claimDirection(
  policy: 'auto' | 'in' | 'out',
  last: LastCheckin | null,
  now: number,
  timeZone: string,
): 'in' | 'out' {
  if (policy !== 'auto') return policy;
  if (!last || localDay(last.at, timeZone) !== localDay(now, timeZone)) return 'in';
  return last.direction === 'in' ? 'out' : 'in';
}

/** Of the last record here and the last one at another door, the later; this kiosk's own when they are of one time. */
export function newest(here: LastCheckin | null, elsewhere: LastCheckin | null): LastCheckin | null {
  return elsewhere && (!here || elsewhere.at > here.at) ? elsewhere : here;
}

/** A clock that was set back by up to this much still means "just now", ms. */
const JITTER_MS = 2_000;

/**
 * Whether a check-in now would be the same one again. Both times are claims of the same wall clock. One that lies in the
 * future means that the clock was corrected since, and never that somebody was here a moment ago: it is recorded.
 */
export function isRepeat(last: LastCheckin | null, now: number, windowMs: number): boolean {
  return last !== null && now - last.at > -JITTER_MS && now - last.at < windowMs;
}

function localDay(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms);
}
