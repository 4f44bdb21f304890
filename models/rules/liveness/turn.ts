import { depth, type PlaneTest, testPlane } from './plane.ts';
import type { Sample } from './sample.ts';
import { breadth } from './shape.ts';
import { clamp01, median, type StepNews, type StepTracker } from './step.ts';

/**
 * A head turn, followed from straight ahead to turned the way that was asked, with the non-planarity test between both
 * ends. Limits come from recorded heads and simulated prints, see docs/prove/liveness.md.
 */
export interface TurnLimits {
  /** How straight the head has to be before it turns, degrees of yaw either way. */
  readonly straight: number;
  /** How still it has to be meanwhile, degrees. */
  readonly steady: number;
  /** Samples straight ahead, and over how many ms at least: a turn that comes sooner is no answer to the prompt. */
  readonly samples: number;
  readonly settle: number;
  /** How far to turn, degrees from where the head was. */
  readonly turn: number;
  /** Turned this far the other way, the challenge has failed. */
  readonly wrongDirection: number;
  /** Least parallax of the nose tip, in distances of the eyes. */
  readonly parallax: number;
  /** … and this many times the most it was between two samples straight ahead: what the landmarks are off by. */
  readonly overNoise: number;
  /** Least parallax a unit of apparent tilt of the face's plane: distinguishes heads from bent paper. */
  readonly depth: number;
}

export const TURN_LIMITS: TurnLimits = {
  straight: 20,
  steady: 6,
  samples: 3,
  settle: 200,
  turn: 15,
  wrongDirection: 11,
  parallax: 0.09,
  overNoise: 2,
  depth: 0.25,
};

/** The part of the way, as shares of it, that has to be seen on the way: two pictures swapped have none. */
const BETWEEN = [0.15, 0.8] as const;
/** So many samples in a row have to show a solid head: one lucky set of landmarks is not enough. */
const SOLID_SAMPLES = 2;
/** A sample this much broader than the first ones shows the face straighter than they did: then the test starts there. */
const BROADER = 1.03;

/** @param direction +1 to the person's left (the right of the picture), -1 to the right */
export function trackTurn(direction: 1 | -1, limits: TurnLimits = TURN_LIMITS): StepTracker {
  let front: Sample[] = [];
  let settled = false;
  const burst: Sample[] = [];
  let start = 0;
  let reached = false;
  let solid = 0;
  let squeezed = false;

  const settle = (sample: Sample): StepNews => {
    if (Math.abs(sample.yaw) > limits.straight) front = [];
    else front = [...front.filter((f) => Math.abs(f.yaw - sample.yaw) <= limits.steady), sample];
    settled = front.length >= limits.samples && sample.at - front[0]!.at >= limits.settle;
    if (!settled) return { progress: 0, done: false };
    front = front.slice(-5);
    burst.push(...front);
    start = median(front.map((f) => f.yaw));
    return { progress: 0, done: false, straight: true };
  };

  return {
    get unmet() {
      if (!settled) return 'not-straight';
      return reached || squeezed ? 'flat' : 'no-turn';
    },
    see(sample) {
      if (!settled) return settle(sample);
      burst.push(sample);
      const turned = direction * (sample.yaw - start);
      if (turned < -limits.wrongDirection) return { progress: 0, done: false, failed: 'wrong-direction' };
      const progress = 0.95 * clamp01(turned / limits.turn);
      const tail = burst.slice(-3).filter((l) => direction * (l.yaw - start) >= limits.turn);
      if (tail.length < 2) {
        squeezed ||= testAll(front, [sample]).some(
          (t) => t.tilt > 0.55 && direction * t.parallax < limits.parallax / 2,
        );
        return { progress, done: false };
      }
      reached = true;
      const peak = Math.max(...tail.map((l) => direction * (l.yaw - start)));
      const turning = burst.some((l) => {
        const share = (direction * (l.yaw - start)) / peak;
        return share >= BETWEEN[0] && share <= BETWEEN[1];
      });
      solid = turning && isSolid(front, tail, burst, direction, limits) ? solid + 1 : 0;
      if (solid < SOLID_SAMPLES) return { progress, done: false };
      return { progress: 1, done: true };
    },
  };
}

function testAll(from: readonly Sample[], to: readonly Sample[]): PlaneTest[] {
  return from.flatMap((a) => to.flatMap((b) => testPlane(a.landmarks, b.landmarks) ?? []));
}

/** Whether the burst shows a solid head: enough parallax, the right way, beyond the noise, and not paid for by tilt. */
function isSolid(
  front: readonly Sample[],
  tail: readonly Sample[],
  burst: readonly Sample[],
  direction: 1 | -1,
  limits: TurnLimits,
): boolean {
  const still = front.flatMap((a, i) => front.slice(i + 1).flatMap((b) => testPlane(a.landmarks, b.landmarks) ?? []));
  const noise = Math.max(...still.map((t) => Math.abs(t.parallax)));
  const least = Math.max(limits.parallax, limits.overNoise * noise);
  const enough = (from: readonly Sample[]): boolean => {
    const tests = testAll(from, tail);
    if (tests.length === 0) return false;
    return direction * median(tests.map((t) => t.parallax)) >= least && median(tests.map(depth)) >= limits.depth;
  };
  // A print swung from one side to the other has its first sample as oblique as its last one, and twice the error of the
  // landmarks between them. On the way it was seen straight on: where it was broadest, the test must hold as well.
  const widest = broadest(burst);
  const straighter = breadthOf(widest) > BROADER * breadthOf(front);
  return enough(front) && (!straighter || enough(widest));
}

const breadthOf = (samples: readonly Sample[]): number => median(samples.map((l) => breadth(l.landmarks)));

/** The three neighbouring samples of a burst that show the face broadest. */
function broadest(burst: readonly Sample[]): readonly Sample[] {
  let best: readonly Sample[] = burst.slice(0, 3);
  for (let i = 1; i + 3 <= burst.length; i++) {
    const three = burst.slice(i, i + 3);
    if (breadthOf(three) > breadthOf(best)) best = three;
  }
  return best;
}
