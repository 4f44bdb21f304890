import { timingSafeEqual } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/** How long the person may think about it, ms. */
const LIFE_MS = 10 * 60_000;

const mark = (keys: Keys, person: string, until: string): Buffer => keys.hashToken(`erase/${person}/${until}`);

/** What shows that a person was asked whether they want to be erased. Holds for this person alone, for ten minutes. */
export function makeConfirmation(keys: Keys, person: string, now: Date): { confirmation: string; expiresAt: Date } {
  const expiresAt = new Date(now.getTime() + LIFE_MS);
  const until = expiresAt.getTime().toString(36);
  return { confirmation: `${until}.${mark(keys, person, until).toString('base64url')}`, expiresAt };
}

/** @throws Problem `confirmation-needed` where it is missing, another's, or too old */
export function requireConfirmation(keys: Keys, person: string, confirmation: string | undefined, now: Date): void {
  const [until = '', mac = ''] = confirmation?.split('.') ?? [];
  const given = Buffer.from(mac, 'base64url');
  const wanted = mark(keys, person, until);
  if (given.length === wanted.length && timingSafeEqual(given, wanted) && Number.parseInt(until, 36) > now.getTime())
    return;
  throw new Problem('confirmation-needed');
}
