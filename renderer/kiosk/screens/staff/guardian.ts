import { isOfAge } from '../../../../sync/protocol/wire/age.ts';
import { isReadableName } from '../../../../sync/protocol/wire/name.ts';
import type { Wrong } from '../../parts/fields.tsx';

/** Someone below the age of consent and their guardian, as typed. */
export interface Guardian {
  readonly name: string;
  readonly relation: string;
  readonly day: string;
  readonly month: string;
  readonly year: string;
}

export const NO_GUARDIAN: Guardian = { name: '', relation: '', day: '', month: '', year: '' };

/** Returns the date of birth as `YYYY-MM-DD`; null if the calendar has no such day. */
export function bornOn({ day, month, year }: Pick<Guardian, 'day' | 'month' | 'year'>): string | null {
  if (!/^\d{1,2}$/.test(day) || !/^\d{1,2}$/.test(month) || !/^\d{4}$/.test(year)) return null;
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : null;
}

/**
 * Returns the first error in what was typed, as a key and its field; null if there is none.
 *
 * @param now ms since 1970; null if not known here, so that only the core judges the age
 */
export function wrongWith(guardian: Guardian, age: number, now: number | null): Wrong | null {
  const born = bornOn(guardian);
  if (born === null) return { key: 'enrol.bornWrong', field: 'day' };
  if (now !== null && Date.parse(born) > now) return { key: 'enrol.error.birth-in-future', field: 'day' };
  if (now !== null && isOfAge(born, age, now)) return { key: 'enrol.error.not-a-minor', field: 'day' };
  if (guardian.name.trim() === '') return { key: 'enrol.guardianMissing', field: 'name' };
  if (!isReadableName(guardian.name.trim())) return { key: 'enrol.nameUnreadable', field: 'name' };
  if (guardian.relation === '') return { key: 'enrol.relationMissing', field: 'relation' };
  return null;
}
