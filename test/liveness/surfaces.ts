import type { RgbImage } from '../../models/rules/image.ts';
import { pyramidOf } from '../../models/rules/liveness/flow.ts';
import type { ReliefCrop } from '../../models/rules/liveness/relief.ts';

/** Crops of surfaces that are turned about an upright axis, seen from far away: for the rules that follow pixels. Simulated. */
export type Surface = 'head' | 'flat' | { readonly radius: number };

const SIDE = 152;
/** Pixels a millimetre: 63 mm between the eyes. */
const SCALE = 47.8 / 63;
const MIDDLE = [76, 84] as const;
/** The middle is so far below the eyes, and a head turns about a neck so far behind it, millimetres. */
const BELOW_EYES = (84 - 70) / SCALE;
const NECK = 90;

/** Skin with a texture, the same at each call; u, v in millimetres. */
function texture(u: number, v: number): number {
  let sum = 128;
  for (let i = 0; i < 24; i++) {
    const [angle, length] = [i * 2.4, 7 + ((i * 13) % 24)];
    sum += 9 * Math.cos((2 * Math.PI * (u * Math.cos(angle) + v * Math.sin(angle))) / length + i * i);
  }
  return sum;
}

/** How far a head stands out at a place, millimetres: a quadric, and a nose on it. */
const height = (u: number, v: number): number =>
  -(u * u) / 170 - (v * v) / 260 + 20 * Math.exp(-((u / 11) ** 2) - ((v - 8) / 16) ** 2);

/** Which place of the surface is seen at x, y, millimetres. */
function seen(surface: Surface, turn: number, x: number, y: number): number {
  const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
  if (surface === 'flat') return x / cos;
  if (surface !== 'head') {
    const { radius } = surface;
    return radius * (Math.asin(Math.max(-1, Math.min(1, x / radius + sin))) - turn);
  }
  let u = x / cos;
  for (let i = 0; i < 20; i++) u = (x - height(u, y) * sin) / cos;
  return u;
}

/** @param yaw degrees, positive to the right of the picture */
export function cropOf(surface: Surface, yaw: number, light = 1): ReliefCrop {
  const data = new Float32Array(SIDE * SIDE);
  const turn = (yaw * Math.PI) / 180;
  for (let py = 0, at = 0; py < SIDE; py++) {
    for (let px = 0; px < SIDE; px++, at++) {
      const [x, y] = [(px - MIDDLE[0]) / SCALE, (py - MIDDLE[1]) / SCALE];
      data[at] = light * texture(seen(surface, turn, x, y), y);
    }
  }
  const landmarks = Array.from({ length: 68 }, (_, i): readonly [number, number] => {
    if (i >= 36 && i < 48) return [MIDDLE[0] + (i < 42 ? -23.9 : 23.9), 70];
    return [MIDDLE[0], i === 29 ? 90 : 97];
  });
  return { pyramid: pyramidOf({ width: SIDE, height: SIDE, data }), landmarks };
}

const painted = new Map<number, RgbImage>();

/**
 * The picture of a made-up head (heads.ts) at 500 mm from its camera, turned about its neck: skin with a texture that moves as a
 * head's does. @param yaw degrees to the person's left
 */
export function pictureOf(yaw: number): RgbImage {
  const known = painted.get(yaw);
  if (known) return known;
  const [width, height] = [640, 480];
  const data = new Uint8Array(width * height * 3).fill(128);
  const turn = (yaw * Math.PI) / 180;
  const aside = NECK * Math.sin(turn);
  for (let py = 120; py < 400; py++) {
    for (let px = 180; px < 460; px++) {
      const [x, y] = [((px - 320) * 500) / 554, ((py - 220) * 500) / 554 - BELOW_EYES];
      data.fill(texture(seen('head', turn, x - aside, y), y), (py * width + px) * 3, (py * width + px) * 3 + 3);
    }
  }
  const picture = { width, height, data };
  painted.set(yaw, picture);
  return picture;
}
