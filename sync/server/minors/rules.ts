/** Who may speak for themselves. Pure; days are `YYYY-MM-DD`. */

/** Below it a guardian agrees, where a site's policy says nothing else, years. */
export const DEFAULT_CONSENT_AGE = 18;
/** How long before somebody comes of age it is said, days. */
export const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** The day on which somebody reaches an age; who was born on 29 February does on 1 March of other years. */
export function comesOfAge(born: string, age: number): string {
  const [year = 0, month = 1, day = 1] = born.split('-').map(Number);
  return new Date(Date.UTC(year + age, month - 1, day)).toISOString().slice(0, 10);
}

/** `of-age` from that day on, by UTC's calendar. */
export function stateOn(born: string, age: number, now: Date): 'minor' | 'soon' | 'of-age' {
  const left = Date.parse(`${comesOfAge(born, age)}T00:00:00Z`) - now.getTime();
  if (left <= 0) return 'of-age';
  return left <= SOON_DAYS * DAY_MS ? 'soon' : 'minor';
}
