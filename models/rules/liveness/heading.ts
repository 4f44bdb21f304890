import type { Sample } from './sample.ts';
import { median } from './step.ts';

/** Direction of a head, degrees. */
export interface Heading {
  readonly yaw: number;
  readonly pitch: number;
}

/** Size of a whole move, degrees from the head's initial heading. Nods are shorter than turns. */
const MOVE: Heading = { yaw: 15, pitch: 12 };

/** Returns the median heading of at least one sample. */
export const headingOf = (samples: readonly Sample[]): Heading => ({
  yaw: median(samples.map((s) => s.yaw)),
  pitch: median(samples.map((s) => s.pitch)),
});

/** Returns how far a head is from straight ahead, in whole moves: 1 or more is a move to the left, or up. */
export const fromStraight = (sample: Heading, straight: Heading): Heading => ({
  yaw: (sample.yaw - straight.yaw) / MOVE.yaw,
  pitch: (sample.pitch - straight.pitch) / MOVE.pitch,
});
