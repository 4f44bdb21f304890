import type { LightAnswer } from './light/answer.ts';
import type { Sample } from './sample.ts';

/** Why a challenge failed. Stable codes. */
export type LivenessFailure =
  | 'not-straight'
  | 'no-move'
  | 'wrong-direction'
  | 'too-soon'
  | 'flat'
  | 'interrupted'
  | 'another-person'
  /** The operator's model judged a picture as not live. */
  | 'not-live'
  | `light-${Exclude<LightAnswer, 'answered'>}`;

export interface StepNews {
  /** 0..1. */
  readonly progress: number;
  readonly done: boolean;
  /** The head is in the requested position, and waits for the next prompt. */
  readonly hold?: boolean;
  /** The head is in the requested position, but the way there was missed, so the move starts over. */
  readonly missed?: boolean;
  /** Ends the whole challenge at once. */
  readonly failed?: LivenessFailure;
}

/** Follows one step of a challenge through samples without a break. A break restarts the step with a new tracker. */
export interface StepTracker {
  see(sample: Sample): StepNews;
  /** The failure to report if time runs out now. */
  readonly unmet: LivenessFailure;
}

/** Returns the middle of at least one value, or the mean of the middle two. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export const clamp01 = (value: number): number => Math.min(1, Math.max(0, value));
