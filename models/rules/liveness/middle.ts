import { fromStraight, type Heading } from './heading.ts';
import type { Sample } from './sample.ts';
import { clamp01, type StepNews, type StepTracker } from './step.ts';

/** Maximum yaw of a head at the start, degrees either way. Its pitch depends on the camera's mounting. */
const STRAIGHT = 20;
/** Maximum movement while it should be still, degrees. */
const STEADY = 6;
/** Minimum samples straight ahead, and their minimum duration, ms: a move any sooner can't be a response to the prompt. */
const SAMPLES = 3;
const LEAST_MS = 200;
/** A move is measured from this many of the last samples. */
const KEPT = 5;
/** Closer than this share of a move to its straight position, the head counts as back. */
const BACK = 0.6;

/** Follows a head that should look straight ahead and be still. */
export interface MiddleTracker extends StepTracker {
  /** The samples from which the next move is measured; empty until then. */
  readonly front: readonly Sample[];
}

/**
 * @param hold how long it has to look straight ahead, ms
 * @param straight its initial heading straight ahead; null: nothing was requested of it yet
 */
export function trackMiddle(hold: number, straight: Heading | null): MiddleTracker {
  const needed = Math.max(LEAST_MS, hold);
  let front: Sample[] = [];
  let settled = false;
  let back = false;

  /** Returns how far it is from the middle, in moves. */
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
      // A recording continues with its next move. It must not get another chance with the move requested after it.
      if (straight && back && far >= 1) return { progress: 0, done: false, failed: 'wrong-direction' };
      back ||= far < BACK;
      front = far < BACK ? [...front.filter((f) => isSteady(f, sample)), sample] : [];
      const time = front.length > 0 ? sample.at - front[0]!.at : 0;
      settled = front.length >= SAMPLES && time >= needed;
      return { progress: clamp01(time / needed), done: settled };
    },
  };
}
