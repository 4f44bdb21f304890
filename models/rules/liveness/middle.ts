import { fromStraight, type Heading } from './heading.ts';
import type { Sample } from './sample.ts';
import { clamp01, type StepNews, type StepTracker } from './step.ts';

/** How straight a head has to be at first, degrees of yaw either way; its pitch is as the camera hangs. */
const STRAIGHT = 20;
/** How still it has to be meanwhile, degrees. */
const STEADY = 6;
/** Samples straight ahead, and over how many ms at least: a move that comes sooner can't be a response to the prompt. */
const SAMPLES = 3;
const LEAST_MS = 200;
/** A move is measured from so many of the last samples. */
const KEPT = 5;
/** Closer to its straight position than this share of a move, it is back. */
const BACK = 0.6;

/** A head that looks straight ahead and is still. */
export interface MiddleTracker extends StepTracker {
  /** What the next move is measured from; empty until then. */
  readonly front: readonly Sample[];
}

/**
 * @param hold how long it has to look straight ahead, ms
 * @param straight where it did at first; null: nothing was asked of it yet
 */
export function trackMiddle(hold: number, straight: Heading | null): MiddleTracker {
  const needed = Math.max(LEAST_MS, hold);
  let front: Sample[] = [];
  let settled = false;
  let back = false;

  /** How far it is from the middle, in moves. */
  const away = (sample: Sample): number => {
    if (!straight) return Math.abs(sample.yaw) > STRAIGHT ? 1 : 0;
    const { yaw, pitch } = fromStraight(sample, straight);
    return Math.max(Math.abs(yaw), Math.abs(pitch));
  };
  const isSteady = (a: Sample, b: Sample): boolean =>
    Math.abs(a.yaw - b.yaw) <= STEADY && Math.abs(a.pitch - b.pitch) <= STEADY;

  return {
    get front() {
      return settled ? front.slice(-KEPT) : [];
    },
    unmet: 'not-straight',
    see(sample): StepNews {
      const far = away(sample);
      // A recording continues with its next move: it must not get another chance with the one requested after it.
      if (straight && back && far >= 1) return { progress: 0, done: false, failed: 'wrong-direction' };
      back ||= far < BACK;
      front = far < BACK ? [...front.filter((f) => isSteady(f, sample)), sample] : [];
      const time = front.length > 0 ? sample.at - front[0]!.at : 0;
      settled = front.length >= SAMPLES && time >= needed;
      return { progress: clamp01(time / needed), done: settled };
    },
  };
}
