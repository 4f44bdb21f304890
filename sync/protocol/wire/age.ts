/** Who may agree for themselves, by the server's reckoning and a kiosk's alike. Pure; days are `YYYY-MM-DD`. */

/** Below it a guardian agrees, where a site's policy says nothing else, years. */
export const DEFAULT_CONSENT_AGE = 18;

/** The day on which a person reaches an age; anyone born on 29 February does on 1 March of other years. */
export function comesOfAge(born: string, age: number): string {
  const [year = 0, month = 1, day = 1] = born.split('-').map(Number);
  return new Date(Date.UTC(year + age, month - 1, day)).toISOString().slice(0, 10);
}

/** From that day on, by UTC's calendar. @param now ms since 1970 */
export const isOfAge = (born: string, age: number, now: number): boolean =>
  Date.parse(`${comesOfAge(born, age)}T00:00:00Z`) <= now;
