import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { PinGuard } from '../pin/guard.ts';
import type { Person } from '../store/interface.ts';

/** The number that a visit began with: its face is compared with that person's templates alone. */
export interface Claim {
  /** Null when nobody has the number; to whoever stands there that is the same as another's face. */
  readonly person: Person | null;
  /** Row in which its failures are kept. */
  readonly subject: string;
  /** Its failure or success has been counted. */
  settled: boolean;
}

export function createClaim(person: Person | null, blindedNumber: string): Claim {
  // A row of its own: a stranger's face must not lock the owner's PIN.
  return { person, subject: `face:${blindedNumber}`, settled: false };
}

/** Thrown by nobody: what the guard refuses a face with that does not lock the number yet. */
const mismatch = () => new Problem('face-not-matched', 'the face is not that of this number', 'Take another way.');

/**
 * Counts the outcome of a claim against its number and against the budget that all numbers share: to try one face on
 * many numbers is a search among all of them, at the lower threshold of a comparison with one.
 *
 * @param matched whether the face was that of the number's person
 * @returns the person; `uncertain` for another's face and for a number that nobody has; `locked` after too many tries,
 *   whoever it is
 */
export async function settleClaim(
  guard: PinGuard,
  claim: Claim,
  matched: boolean,
): Promise<Person | 'uncertain' | 'locked'> {
  claim.settled = true;
  try {
    return await guard.attempt({
      subject: claim.subject,
      shared: true,
      check: async () => (matched ? claim.person : null),
      wrong: mismatch,
    });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'pin-locked') return 'locked';
    if (error.code === 'face-not-matched') return 'uncertain';
    throw error;
  }
}
