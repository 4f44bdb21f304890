/** Who may consent for themselves. Server and kiosks use the same rule. Pure; days are `YYYY-MM-DD`. */

/** Years. Below this age a guardian has to agree, unless the site's policy sets another age. */
export const DEFAULT_CONSENT_AGE = 18;

/** Returns the day on which a person reaches an age. If born on 29 February: 1 March in other years. */
export function comesOfAge(born: string, age: number): string {
  const [year = 0, month = 1, day = 1] = born.split('-').map(Number);
  return new Date(Date.UTC(year + age, month - 1, day)).toISOString().slice(0, 10);
}

/** Returns whether that day has come, by UTC's calendar. @param now ms since 1970 */
export const isOfAge = (born: string, age: number, now: number): boolean =>
  Date.parse(`${comesOfAge(born, age)}T00:00:00Z`) <= now;
