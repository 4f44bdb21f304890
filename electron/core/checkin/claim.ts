import { Problem } from '../../../sync/errors/problem.ts';
import type { PinGuard } from '../pin/guard.ts';
import { FACE_BUDGET } from '../pin/lockout.ts';
import type { Person } from '../store/interface.ts';

/** The number, code or badge that a visit began with: its face is compared with that person's templates alone. */
export interface Claim {
  readonly method: 'number+face' | 'qr+face' | 'badge+face';
  /** Null when nobody has the number; to the person at the kiosk that looks the same as another's face. */
  readonly person: Person | null;
  /** Row in which its failures are kept. */
  readonly subject: string;
  /** Of the person's own card, where they are on one: compared with these, and zeroed with the end of the visit. */
  readonly templates: readonly Float32Array[] | null;
  /** Its failure or success has been counted. */
  settled: boolean;
}

/**
 * How the face fitted the number. `clear`: near enough for a search among all, so that who is let in by it gains nothing
 * from trying many numbers.
 */
export type ClaimMatch = 'clear' | 'matched' | 'no';

/** Never thrown: what the guard rejects a face with that does not lock the number yet. */
const mismatch = () => new Problem('face-not-matched');

/**
 * Counts the outcome of a claim against its number and against the budget that faces with all numbers share: to try one
 * face on many numbers is a search among all of them, at the lower threshold of a comparison with one. A pause of that
 * budget asks for the threshold of the search; it keeps out nobody who reaches that.
 *
 * @returns the person; `uncertain` for another's face and for a number that nobody has; `locked` after too many tries,
 *   no matter whose face it is
 */
export async function settleClaim(
  guard: PinGuard,
  claim: Claim,
  match: ClaimMatch,
): Promise<Person | 'uncertain' | 'locked'> {
  claim.settled = true;
  try {
    return await guard.attempt({
      subject: claim.subject,
      shared: FACE_BUDGET,
      throughPause: match === 'clear',
      check: async () => (match === 'no' ? null : claim.person),
      wrong: mismatch,
    });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'pin-locked') return 'locked';
    if (error.code === 'face-not-matched') return 'uncertain';
    throw error;
  }
}
