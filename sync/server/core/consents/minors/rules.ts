import { comesOfAge, isOfAge } from '../../../../protocol/wire/age.ts';

/** Where a minor stands. Pure; days are `YYYY-MM-DD`. */

/** How long before a person comes of age it is said, days. */
const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** `of-age` from that day on, by UTC's calendar. */
export function stateOn(born: string, age: number, now: Date): 'minor' | 'soon' | 'of-age' {
  if (isOfAge(born, age, now.getTime())) return 'of-age';
  const left = Date.parse(`${comesOfAge(born, age)}T00:00:00Z`) - now.getTime();
  return left <= SOON_DAYS * DAY_MS ? 'soon' : 'minor';
}
