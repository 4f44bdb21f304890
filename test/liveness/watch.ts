import type { FacePipeline } from '../../models/node/interface.ts';
import { FR_FEATURE } from '../../models/rules/decision.ts';
import type { Box, RgbImage } from '../../models/rules/image.ts';
import type { Challenge } from '../../models/rules/liveness/challenge.ts';
import { type LivenessState, type Observation, startLiveness } from '../../models/rules/liveness/liveness.ts';
import { readFrames, type Segment } from '../footage/index.ts';
import { type PaperPose, type Print, photograph } from './attacks.ts';
import { gaussian } from './heads.ts';

/** What the kiosk's core detects in recorded footage or a simulated print: real detector, landmarks and quality. */
export type Watched = Observation & { readonly image: RgbImage };

/** Frames per second that reach the core while moves are requested: the screen’s own limit. */
export const SAMPLES_A_SECOND = 15;

/** Returns observations of the largest face in each frame. A frame without a face gives none. */
export async function watch(
  pipeline: FacePipeline,
  frames: AsyncIterable<{ image: RgbImage; at: number }>,
  moveBox: (box: Box) => Box = (box) => box,
): Promise<Watched[]> {
  const seen: Watched[] = [];
  for await (const { image, at } of frames) {
    const [face] = await pipeline.detect(image);
    if (!face) continue;
    const { landmarks, box, quality } = await pipeline.shape(image, moveBox(face.box));
    seen.push({ takenAt: at * 1000, landmarks, box, quality, place: { x: 0, y: 0, scale: 1 }, likeness: 1, image });
  }
  return seen;
}

export const watchTake = (
  pipeline: FacePipeline,
  take: Segment,
  options: { fps?: number; moveBox?: (box: Box) => Box } = {},
): Promise<Watched[]> =>
  watch(
    pipeline,
    readFrames(take.source, {
      fps: options.fps ?? SAMPLES_A_SECOND,
      start: take.start ?? 0,
      seconds: take.seconds,
      ...(take.filter ? { filter: take.filter } : {}),
    }),
    options.moveBox,
  );

/** Runs a challenge over observations. Returns its state when it ends, or at the end of the footage. */
export function judge(challenge: Challenge, seen: readonly Observation[]): LivenessState {
  const session = startLiveness(challenge, FR_FEATURE);
  let answer = session.current();
  for (const o of seen) {
    answer = session.observe(o);
    if (answer.state !== 'going') break;
  }
  return answer;
}

/** How an attacker moves a print in 2.3 s, by the fraction of the movement, 0..1. */
export const ATTACKS = {
  'flat, turned 0° → 45°': (t: number) => ({ yaw: 45 * t }),
  'flat, swung −40° → 45°': (t: number) => ({ yaw: -40 + 85 * t }),
  'flat, turned and tilted': (t: number) => ({ yaw: 42 * t, pitch: -18 + 36 * t }),
  'flat, carried and brought closer': (t: number) => ({ yaw: 0, x: 60 * t, near: 1 - 0.3 * t }),
  'bent, radius 20 cm, 0° → 45°': (t: number) => ({ yaw: 45 * t, bend: 200 }),
  'bent, radius 12 cm, 0° → 45°': (t: number) => ({ yaw: 45 * t, bend: 120 }),
  'bent, radius 8 cm, 0° → 45°': (t: number) => ({ yaw: 45 * t, bend: 80 }),
  'flat, bent to 10 cm while turned': (t: number) => ({ yaw: 45 * t, bend: t > 0.02 ? 100 / t : 0 }),
} as const satisfies Record<
  string,
  (t: number) => { yaw: number; pitch?: number; x?: number; near?: number; bend?: number }
>;
export type Attack = keyof typeof ATTACKS;

/** Yields the frames of an attack with a hand's tremor, `LOOKS_A_SECOND` per second. */
export async function* attack(
  print: Print,
  kind: Attack,
  direction: 1 | -1,
  random: () => number,
): AsyncGenerator<{ image: RgbImage; at: number }> {
  const distance = 320 + random() * 300;
  const count = 18;
  let [x, y, pitch, roll, yaw] = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const s = Math.min(1, Math.max(0, (i / (count - 1) - 0.35) / 0.5));
    const move: { yaw: number; pitch?: number; x?: number; near?: number; bend?: number } = ATTACKS[kind](
      s * s * (3 - 2 * s),
    );
    const tremble = (last: number, by: number): number => 0.8 * last + by * gaussian(random);
    [x, y, pitch, roll, yaw] = [
      tremble(x, 1.5),
      tremble(y, 1.5),
      tremble(pitch, 0.6),
      tremble(roll, 0.6),
      tremble(yaw, 0.4),
    ];
    const pose: PaperPose = {
      yaw: direction * move.yaw + yaw,
      pitch: (move.pitch ?? 0) + pitch,
      roll,
      distance: distance * (move.near ?? 1) + gaussian(random),
      x: direction * (move.x ?? 0) + x,
      y,
      bend: move.bend ?? 0,
    };
    yield { image: photograph(print, pose), at: i / SAMPLES_A_SECOND };
  }
}
