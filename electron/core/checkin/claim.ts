import { Problem } from '../../../sync/errors/problem.ts';
import type { PinGuard } from '../pin/guard.ts';
import { FACE_BUDGET } from '../pin/lockout.ts';
import type { Person } from '../store/interface.ts';

/** The number, code or badge that a visit began with. Its face is compared only with that person's templates. */
export interface Claim {
  readonly method: 'number+face' | 'qr+face' | 'badge+face';
  /** Null if nobody has the number. At the kiosk that looks the same as another person's face. */
  readonly person: Person | null;
  /** Key of the row that counts its failures. */
  readonly subject: string;
  /** Templates from the person's own card, if they are stored there: the only ones compared, and zeroed when the visit ends. */
  readonly templates: readonly Float32Array[] | null;
  /** True once its failure or success has been counted. */
  settled: boolean;
}

/**
 * How well the face matched the number. `clear`: it also reaches the threshold of a search among all people, so trying many
 * numbers would gain nothing.
 */
export type ClaimMatch = 'clear' | 'matched' | 'no';

/** Never shown: the guard rejects with it as long as a wrong face does not lock the number. */
const mismatch = () => new Problem('face-not-matched');

/**
 * Counts the outcome of a claim against its number and against the budget shared by faces with all numbers: trying one face on
 * many numbers is a search among everyone, at the lower threshold of a 1:1 comparison. While that budget is paused, a face has to
 * reach the threshold of the search; nobody who reaches it is kept out.
 *
 * @returns the person; `uncertain` for another person's face and for a number that nobody has; `locked` after too many attempts,
 * no matter whose face it is
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
