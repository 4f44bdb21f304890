import type { Move } from './challenge.ts';
import { fromStraight, type Heading, headingOf } from './heading.ts';
import { depth, type PlaneTest, testPlane } from './plane.ts';
import type { Sample } from './sample.ts';
import { breadth } from './shape.ts';
import { clamp01, median, type StepNews, type StepTracker } from './step.ts';

/**
 * Follows a head move from straight ahead to the requested position, and for as long as it has to stay there. For a turn, the
 * non-planarity test is applied between both ends. Limits: from recorded heads and simulated prints (docs/prove/liveness.md).
 */
const SOLID = {
  /** Minimum parallax of the nose tip, in eye distances. */
  parallax: 0.09,
  /** … and at least this many times the largest parallax between two samples straight ahead, which is landmark error. */
  overNoise: 2,
  /** Minimum parallax per unit of apparent tilt of the face's plane. Distinguishes heads from bent paper. */
  depth: 0.25,
} as const;

/** A sample must be in this part of the way, as shares of it. Two swapped pictures have none. */
const BETWEEN = [0.15, 0.8] as const;
/** Number of samples in a row that must show a solid head: one lucky set of landmarks is not enough. */
const SOLID_SAMPLES = 2;
/**
 * A sample with this many times the initial breadth shows the face straighter than at the start, so the test starts there. Speech
 * and nods alone made a head appear up to 1.08 times as broad.
 */
const BROADER = 1.1;
/** After moving this far in the opposite direction (1 is a whole move), the challenge has failed. */
const OTHER_WAY = 0.73;
/**
 * Maximum sideways movement, as a share of the move: a turning head nods, and a nodding head hardly turns. A move never goes in
 * two directions at once, because a recording that moves to a corner would fit twice as many challenges.
 */
const ASIDE = { yaw: 1, pitch: 0.7 } as const;
/** Below this share of a move, the head has left the position it was to stay in. */
const STAYS = 0.6;

const DIRECTIONS: Readonly<Record<Move, { readonly axis: keyof Heading; readonly side: 1 | -1 }>> = {
  'turn-left': { axis: 'yaw', side: 1 },
  'turn-right': { axis: 'yaw', side: -1 },
  'look-up': { axis: 'pitch', side: 1 },
  'look-down': { axis: 'pitch', side: -1 },
};

/**
 * @param front samples straight ahead, just before the move
 * @param hold how long the head has to stay, ms
 */
export function trackMove(move: Move, hold: number, front: readonly Sample[]): StepTracker {
  const { axis, side } = DIRECTIONS[move];
  const across = axis === 'yaw' ? 'pitch' : 'yaw';
  const start = headingOf(front);
  const burst: Sample[] = [...front];
  let reached = false;
  let solid = 0;
  let squeezed = false;
  let there: number | null = null;

  const share = (sample: Sample): number => side * fromStraight(sample, start)[axis];
  const aside = (sample: Sample): number => Math.abs(fromStraight(sample, start)[across]);
  /** Returns the last samples if they show the completed move; null otherwise. */
  const moved = (): readonly Sample[] | null => {
    const tail = burst.slice(-3).filter((s) => share(s) >= 1 && aside(s) <= ASIDE[axis] * share(s));
    return tail.length < 2 ? null : tail;
  };
  const onTheWay = (tail: readonly Sample[]): boolean => {
    const peak = Math.max(...tail.map(share));
    return burst.some((s) => share(s) / peak >= BETWEEN[0] && share(s) / peak <= BETWEEN[1]);
  };
  /** The move has stopped, and no sample was taken on the way. */
  const missed = (tail: readonly Sample[]): boolean =>
    tail.length === 3 && !onTheWay(tail) && share(tail[2]!) <= Math.max(share(tail[0]!), share(tail[1]!));
  const isWrong = (sample: Sample): boolean =>
    share(sample) <= -OTHER_WAY || (aside(sample) >= 1 && aside(sample) > share(sample));
  const stay = (sample: Sample, since: number): StepNews => {
    if (share(sample) < STAYS) return { progress: 0, done: false, failed: 'too-soon' };
    return { progress: 1, done: sample.at - since >= hold, hold: true };
  };

  return {
    get unmet() {
      return reached || squeezed ? 'flat' : 'no-move';
    },
    see(sample) {
      if (there !== null) return stay(sample, there);
      burst.push(sample);
      if (isWrong(sample)) return { progress: 0, done: false, failed: 'wrong-direction' };
      const progress = 0.95 * clamp01(share(sample));
      const tail = moved();
      if (!tail) {
        squeezed ||=
          axis === 'yaw' &&
          testAll(front, [sample]).some((t) => t.tilt > 0.55 && side * t.parallax < SOLID.parallax / 2);
        return { progress, done: false };
      }
      if (missed(tail)) return { progress: 0, done: false, missed: true };
      if (axis === 'yaw') {
        reached = true;
        solid = onTheWay(tail) && isSolid(front, tail, burst, side) ? solid + 1 : 0;
        if (solid < SOLID_SAMPLES) return { progress, done: false };
      } else if (!onTheWay(tail)) return { progress, done: false };
      there = sample.at;
      return stay(sample, there);
    },
  };
}

function testAll(from: readonly Sample[], to: readonly Sample[]): PlaneTest[] {
  return from.flatMap((a) => to.flatMap((b) => testPlane(a.landmarks, b.landmarks) ?? []));
}

/** Whether the burst shows a solid head: enough parallax, in the right direction, above the noise, and not caused by tilt. */
function isSolid(front: readonly Sample[], tail: readonly Sample[], burst: readonly Sample[], side: 1 | -1): boolean {
  const still = front.flatMap((a, i) => front.slice(i + 1).flatMap((b) => testPlane(a.landmarks, b.landmarks) ?? []));
  const noise = Math.max(...still.map((t) => Math.abs(t.parallax)));
  const least = Math.max(SOLID.parallax, SOLID.overNoise * noise);
  const enough = (from: readonly Sample[]): boolean => {
    const tests = testAll(from, tail);
    if (tests.length === 0) return false;
    return side * median(tests.map((t) => t.parallax)) >= least && median(tests.map(depth)) >= SOLID.depth;
  };
  // A print swung from one side to the other is as oblique at the start as at the end, with twice the landmark error in between.
  // On the way it was seen straight on. The test must also hold from there, where the face was broadest.
  const widest = broadest(burst);
  const straighter = breadthOf(widest) > BROADER * breadthOf(front);
  return enough(front) && (!straighter || enough(widest));
}

const breadthOf = (samples: readonly Sample[]): number => median(samples.map((l) => breadth(l.landmarks)));

/** Returns the three consecutive samples that show the face broadest. */
function broadest(burst: readonly Sample[]): readonly Sample[] {
  let best: readonly Sample[] = burst.slice(0, 3);
  for (let i = 1; i + 3 <= burst.length; i++) {
    const three = burst.slice(i, i + 3);
    if (breadthOf(three) > breadthOf(best)) best = three;
  }
  return best;
}
