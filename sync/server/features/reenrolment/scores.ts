/** Rules for a person's match scores over time. Pure. */

/** Number of first check-ins whose mean is the baseline. */
const FIRST = 10;
/** Weight of the newest check-in in the moving mean, so that about the last ten count. */
const WEIGHT = 0.15;
/** Check-ins needed before scores can count as falling, and the smallest fall that counts. */
export const DRIFT = { count: 20, fall: 0.1 } as const;

export interface Scores {
  /** Check-ins by face since the newest template. */
  readonly count: number;
  /** Mean score of the first and of the last check-ins, on the scale of the built-in embedder. */
  readonly baseline: number;
  readonly recent: number;
}

export const NO_SCORES: Scores = { count: 0, baseline: 0, recent: 0 };

/** Adds a score. @param score of one accepted check-in, on that scale (models/rules/decision.ts, onShippedScale) */
export function withScore({ count, baseline, recent }: Scores, score: number): Scores {
  const first = count < FIRST;
  const mean = first ? (baseline * count + score) / (count + 1) : baseline;
  return { count: count + 1, baseline: mean, recent: first ? mean : recent + WEIGHT * (score - recent) };
}

/** Whether scores have fallen so far below the first ones that the person should be re-enrolled. */
export const falls = ({ count, baseline, recent }: Scores): boolean =>
  count >= DRIFT.count && baseline - recent >= DRIFT.fall;
