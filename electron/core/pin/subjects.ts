import { createHmac } from 'node:crypto';
import { bareNumber } from '../number-keys.ts';
import type { Lockout } from '../store/lockouts.ts';
import { NO_LOCKOUT } from './lockout.ts';

/** The rows in which failures with one number are kept. They name no number: it is blinded with a key of the kiosk. */
export interface NumberSubjects {
  pin(number: string): string;
  /** Faces that were not the number's: a row of its own, so that a stranger's face does not lock the owner's PIN. */
  face(number: string): string;
  /** Faces that were not those of the person whose code or badge was shown; by the person's id. */
  bearer(person: string): string;
  /** Both rows emptied, as `setLockouts` takes them: for a number whose owner has a new PIN, or that is nobody's now. */
  cleared(number: string): Record<string, Lockout>;
}

/** @param key 32 bytes, of this kiosk alone */
export function numberSubjects(key: Uint8Array): NumberSubjects {
  const blinded = (text: string): string => createHmac('sha256', key).update(text.toUpperCase()).digest('base64url');
  // However it is written, a number that leads to the same person is one: blanks and dots buy no further guesses.
  const of = (number: string): string => blinded(bareNumber(number) || number);
  const pin = (number: string): string => `number:${of(number)}`;
  const face = (number: string): string => `face:${of(number)}`;
  return {
    pin,
    face,
    bearer: (person) => `bearer:${blinded(person)}`,
    cleared: (number) => ({ [pin(number)]: NO_LOCKOUT, [face(number)]: NO_LOCKOUT }),
  };
}
