import type { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { Clock } from '../../../../protocol/api/incidents.ts';

/** Art. 33(1) GDPR: the authority has to be notified within 72 hours of discovery, weekends and holidays included. */
const HOURS_72 = 72 * 60 * 60 * 1000;

interface Standing {
  readonly foundAt: Date;
  readonly authorityAt: Date | null;
  /** Why the authority need not be notified or, if it was, why late. Empty if not given. */
  readonly authorityReason: string;
}

export function clockOf({ foundAt, authorityAt, authorityReason }: Standing, now: Date): z.infer<typeof Clock> {
  const due = foundAt.getTime() + HOURS_72;
  const dueAt = new Date(due).toISOString();
  if (authorityAt) return { dueAt, state: authorityAt.getTime() <= due ? 'in-time' : 'late', remainingMs: 0 };
  if (authorityReason !== '') return { dueAt, state: 'not-needed', remainingMs: 0 };
  const remainingMs = due - now.getTime();
  return { dueAt, state: remainingMs >= 0 ? 'running' : 'overdue', remainingMs };
}

interface Closing extends Standing {
  readonly peopleAt: Date | null;
  readonly peopleReason: string;
  readonly description: string;
  readonly consequences: string;
  readonly measures: string;
}

/**
 * Art. 33(5) GDPR: facts, effects and remedies of every breach are documented, whether or not anyone was notified.
 *
 * @throws Problem `incident-not-documented`, which names what is missing
 */
export function requireDocumented(i: Closing): void {
  const missing = [
    i.description === '' && 'what happened (description)',
    i.consequences === '' && 'what may follow from it (consequences)',
    i.measures === '' && 'what was done about it (measures)',
    !i.authorityAt &&
      i.authorityReason === '' &&
      'when the authority was notified, or why it need not be (authorityReason)',
    !i.peopleAt && i.peopleReason === '' && 'when the affected were notified, or why they need not be (peopleReason)',
    i.authorityAt &&
      i.authorityAt.getTime() > i.foundAt.getTime() + HOURS_72 &&
      i.authorityReason === '' &&
      'why the authority was notified late (authorityReason)',
  ].filter((m) => typeof m === 'string');
  if (missing.length === 0) return;
  throw new Problem('incident-not-documented', { missing: missing.join('; ') });
}

/** @throws Problem `incident-times-wrong` */
export function requireTimes(foundAt: Date, beganAt: Date | null, endedAt: Date | null, now: Date): void {
  const wrong =
    foundAt > now ||
    (beganAt && beganAt > foundAt) ||
    (beganAt && endedAt && endedAt < beganAt) ||
    (endedAt && endedAt > now);
  if (!wrong) return;
  throw new Problem('incident-times-wrong');
}
