/** Match scores of one person over time. Pure. */

/** Check-ins whose mean is what a person scored at first. */
const FIRST = 10;
/** Weight of the newest check-in in the moving mean: about the last ten count. */
const WEIGHT = 0.15;
/** From so many check-ins on a fall counts, and so much it must be. */
export const DRIFT = { count: 20, fall: 0.1 } as const;

export interface Scores {
  /** Check-ins by face since the newest template. */
  readonly count: number;
  /** Mean score of the first ones, and of the last, on the scale of the embedder that ships. */
  readonly baseline: number;
  readonly recent: number;
}

export const NO_SCORES: Scores = { count: 0, baseline: 0, recent: 0 };

/** @param score of one accepted check-in, on that scale (models/rules/decision.ts, onShippedScale) */
export function withScore({ count, baseline, recent }: Scores, score: number): Scores {
  const first = count < FIRST;
  const mean = first ? (baseline * count + score) / (count + 1) : baseline;
  return { count: count + 1, baseline: mean, recent: first ? mean : recent + WEIGHT * (score - recent) };
}

/** Whether a person is recognised so much worse than at first that they should be enrolled again. */
export const falls = ({ count, baseline, recent }: Scores): boolean =>
  count >= DRIFT.count && baseline - recent >= DRIFT.fall;
