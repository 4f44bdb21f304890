import type { Sample } from './sample.ts';
import { median } from './step.ts';

/** Where a head points, degrees. */
export interface Heading {
  readonly yaw: number;
  readonly pitch: number;
}

/** How far a whole move goes, degrees from where the head was: nods are shorter than turns. */
const MOVE: Heading = { yaw: 15, pitch: 12 };

export const headingOf = (samples: readonly Sample[]): Heading => ({
  yaw: median(samples.map((s) => s.yaw)),
  pitch: median(samples.map((s) => s.pitch)),
});

/** How far a head is from where it was straight, in whole moves: 1 and more is a move to the left, or up. */
export const fromStraight = (sample: Heading, straight: Heading): Heading => ({
  yaw: (sample.yaw - straight.yaw) / MOVE.yaw,
  pitch: (sample.pitch - straight.pitch) / MOVE.pitch,
});
