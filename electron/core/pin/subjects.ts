import { createHmac } from 'node:crypto';
import { bareNumber } from '../number-keys.ts';
import type { Lockout } from '../store/lockouts.ts';
import { NO_LOCKOUT } from './lockout.ts';

/** Keys of the rows that count failures with one number. They reveal no number: it is hashed with a key of the kiosk. */
export interface NumberSubjects {
  pin(number: string): string;
  /** For faces that did not match the number: a separate row, so that a stranger's face does not lock the owner's PIN. */
  face(number: string): string;
  /** For faces that did not match the owner of the code or badge shown; by the person's id. */
  bearer(person: string): string;
  /** Returns both rows, empty, for `lockouts.set`: for a number whose owner has a new PIN, or that is unassigned now. */
  cleared(number: string): Record<string, Lockout>;
}

/** @param key 32 bytes that only this kiosk has */
export function numberSubjects(key: Uint8Array): NumberSubjects {
  const blinded = (text: string): string => createHmac('sha256', key).update(text.toUpperCase()).digest('base64url');
  // All spellings that lead to the same person count as one number: blanks and dots buy no further guesses.
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
