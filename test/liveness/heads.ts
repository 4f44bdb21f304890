import type { Point, RgbImage } from '../../models/rules/image.ts';
import type { Challenge, Move } from '../../models/rules/liveness/challenge.ts';
import { FADE_MS } from '../../models/rules/liveness/light/answer.ts';
import { type Light, lightOf, type Shade } from '../../models/rules/liveness/light/sequence.ts';
import type { Observation } from '../../models/rules/liveness/liveness.ts';

/**
 * 68 landmarks of a synthetic head in millimetres: x to the picture's right, y down, z towards the camera, origin between the
 * eyes. Round numbers of adult heads (eyes 63 apart, nose tip 38 in front of them), not a real face.
 */
const ring = (cx: number, cy: number, rx: number, ry: number, z: number, n: number, from = Math.PI): number[][] =>
  Array.from({ length: n }, (_, i) => {
    const a = from + (2 * Math.PI * i) / n;
    return [cx + rx * Math.cos(a), cy + ry * Math.sin(a), z];
  });

function head(noseDepth: number, open: number): readonly (readonly number[])[] {
  const jaw = Array.from({ length: 17 }, (_, i) => {
    const a = Math.PI * (1 - i / 16);
    return [68 * Math.cos(a), 15 + 95 * Math.sin(a), -55 + 45 * Math.sin(a)];
  });
  const brow = (s: number) => [-24, -12, 0, 12, 22].map((d) => [s * 32 + d, -22 - (d === 0 ? 4 : 0), 8]);
  const bridge = [0, 1, 2, 3].map((i) => [0, 12 * i, 14 + ((noseDepth - 14) * i) / 3]);
  const nostrils = [-14, -7, 0, 7, 14].map((x) => [x, 46, noseDepth - 12 - Math.abs(x) / 2]);
  const eye = (s: number) => ring(s * 31.5, 0, 14, 5 * open, 0, 6);
  const lips = [...ring(0, 72, 25, 9, 10, 12), ...ring(0, 72, 18, 4, 10, 8)];
  return [...jaw, ...brow(-1), ...brow(1), ...bridge, ...nostrils, ...eye(-1), ...eye(1), ...lips];
}

export interface HeadPlace {
  /** Degrees to the person's left. */
  readonly yaw: number;
  readonly pitch?: number;
  readonly roll?: number;
  /** Millimetres from the camera. */
  readonly distance?: number;
  readonly x?: number;
  /** 1 = a head; 0 = its photograph, everything in one plane. */
  readonly solid?: number;
  /** Radius in millimetres of the upright cylinder round which a photograph is bent; only with `solid: 0`. */
  readonly bend?: number;
  /** 1 = eyes open. */
  readonly open?: number;
  readonly noseDepth?: number;
}

/** Projects the head's landmarks into a webcam of 554 px focal length. A head turns about the neck, a photograph about itself. */
export function project(place: HeadPlace): Point[] {
  const { yaw, pitch = 0, roll = 0, distance = 500, x: sideways = 0, solid = 1, open = 1, noseDepth = 38 } = place;
  const { bend } = place;
  const rad = Math.PI / 180;
  const [sy, cy] = [Math.sin(yaw * rad), Math.cos(yaw * rad)];
  const [sp, cp] = [Math.sin(pitch * rad), Math.cos(pitch * rad)];
  const [sr, cr] = [Math.sin(roll * rad), Math.cos(roll * rad)];
  const neck = 90 * solid;
  return head(noseDepth, open).map(([px, py, pz]) => {
    const z0 = (bend ? bend * (Math.cos(px! / bend) - 1) : pz! * solid) + neck;
    const x0 = bend ? bend * Math.sin(px! / bend) : px!;
    const [x1, y1] = [x0 * cr - py! * sr, x0 * sr + py! * cr];
    const [y2, z2] = [y1 * cp - z0 * sp, y1 * sp + z0 * cp];
    const [x3, z3] = [x1 * cy + z2 * sy, -x1 * sy + z2 * cy];
    const depth = distance - (z3 - neck);
    return [320 + (554 * (x3 + sideways)) / depth, 220 + (554 * y2) / depth];
  });
}

/** Returns a generator of numbers in [0, 1) that are the same on every run (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const gaussian = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

export function jitter(points: readonly Point[], pixels: number, random: () => number): Point[] {
  return points.map(([x, y]): Point => [x + pixels * gaussian(random), y + pixels * gaussian(random)]);
}

export interface Motion extends HeadPlace {
  /** ms */
  readonly at: number;
}

/** Returns one observation. Its yaw is the head's true one, so a photograph fools the pose estimate completely. */
export function observation(motion: Motion, random: () => number, noise = 0.4): Observation {
  return {
    takenAt: motion.at,
    landmarks: jitter(project(motion), noise, random),
    box: [220, 150, 200, 220],
    quality: { yaw: motion.yaw, pitch: motion.pitch ?? 0 },
    place: { x: 0, y: 0, scale: 1 },
    likeness: 1,
  };
}

/** Straight for `still` ms, then turning to `yaw` in 900 ms, then held. One frame per 125 ms. */
export function turning(yaw: number, more: Partial<HeadPlace> = {}, still = 500): Motion[] {
  return Array.from({ length: 24 }, (_, i) => {
    const at = i * 125;
    const t = Math.min(1, Math.max(0, (at - still) / 900));
    return { ...more, at, yaw: yaw * t * t * (3 - 2 * t) };
  });
}

/** Returns a challenge of these moves with the shortest possible waits. */
export const challengeOf = (...moves: readonly Move[]): Challenge => ({
  steps: moves.flatMap((step) => [
    { step: 'middle', hold: 0 },
    { step, hold: 0 },
  ]),
});

/** Returns when each colour begins, ms; the first begins at `from`. */
export const timesOf = (sequence: readonly Shade[], from = 0): number[] =>
  sequence.map((_, i) => from + sequence.slice(0, i).reduce((sum, { ms }) => sum + ms, 0));

/** Returns what a screen shows `at` ms after its sequence began: before that the first colour, then each fading into the next. */
export function lightAt(sequence: readonly Shade[], at: number): Light {
  const times = timesOf(sequence);
  const i = Math.max(
    0,
    times.findLastIndex((from) => from <= at),
  );
  const [from, to] = [lightOf(sequence[Math.max(0, i - 1)]!.colour), lightOf(sequence[i]!.colour)];
  const part = Math.min(1, Math.max(0, (at - times[i]!) / FADE_MS));
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part, from[2] + (to[2] - from[2]) * part];
}

/** Returns a picture of a synthetic head straight ahead, in one tone before a wall of the same tone, lit by a screen. */
export function litPicture(light: Light): RgbImage {
  const [width, height] = [640, 480];
  const tone = (lit: boolean) => light.map((c) => Math.round(255 * (0.3 * (1 + (lit ? 0.4 * c : 0))) ** (1 / 2.2)));
  const data = new Uint8Array(width * height * 3);
  const [wall, face] = [tone(false), tone(true)];
  for (let n = 0; n < width * height; n++) {
    data.set(Math.abs((n % width) - width / 2) < 120 && n > 80 * width ? face : wall, n * 3);
  }
  return { width, height, data };
}
