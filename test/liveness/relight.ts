import type { Point, RgbImage } from '../../models/rules/image.ts';
import { LINEAR, type Light, type Shade } from '../../models/rules/liveness/light/sequence.ts';
import type { LitObservation } from '../../models/rules/liveness/light/session.ts';
import { eyeAxis } from '../../models/rules/liveness/shape.ts';
import { gaussian, lightAt, seeded, timesOf } from './heads.ts';
import type { Watched } from './watch.ts';

/**
 * *Simulated*: footage as a camera would have seen it by the light of a screen. In linear light each pixel gets the screen's
 * light, then exposure, slow white balance, sensor noise, and 8-bit quantisation. How a head reflects light is invented: by the
 * cosine on an ellipsoid, and a tenth for the background. It does not show how a real camera, skin or glass behaves.
 */
export interface Scene {
  readonly kind: 'head' | 'print' | 'screen';
  /** Light of a white screen at the face, as a share of the existing light. For a `screen`: the share of it reflected. */
  readonly light: number;
  /** For a `screen`: how much of the picture the reflection covers, from its left edge, 0..1, or only the face. */
  readonly covers?: number | 'face';
  /** What lights the picture instead of the sequence, as if a screen showed another one. */
  readonly instead?: readonly Shade[];
  /** Delay from the screen to the sample, ms. */
  readonly lag: number;
  /** Standard deviation of the pixel noise, in 8-bit levels. */
  readonly noise?: number;
  /** The share of a colour cast that white balance removes per second. */
  readonly whiteBalance?: number;
}

/** The share of the light that reaches the background and the shoulders. */
const BEHIND = 0.1;
const SHOULDERS = 0.5;

/** Table from linear light in steps of 1/4096 to bytes, since this runs for each pixel. */
const BYTES = Float32Array.from({ length: 4097 }, (_, i) =>
  i <= 12 ? (255 * 12.92 * i) / 4096 : 255 * (1.055 * (i / 4096) ** (1 / 2.4) - 0.055),
);
/** Keeps every other pixel: simulating light is expensive, and means of regions lose little. */
function halved(watched: Watched): Watched {
  const { width, height, data } = watched.image;
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint8Array(w * h * 3);
  for (let y = 0, at = 0; y < h; y++)
    for (let x = 0; x < w; x++) for (let c = 0; c < 3; c++) out[at++] = data[(2 * y * width + 2 * x) * 3 + c]!;
  const landmarks = watched.landmarks.map(([x, y]): Point => [x / 2, y / 2]);
  return { ...watched, image: { width: w, height: h, data: out }, landmarks, place: { x: 0, y: 0, scale: 2 } };
}

const byteOf = (linear: number): number => BYTES[Math.min(4096, Math.round(linear * 4096))]!;
/** Noise drawn once; each pixel uses a different entry. */
const NOISE = ((random) => Float32Array.from({ length: 65_536 }, () => gaussian(random)))(seeded(1));

/** Relights the samples by a scene; the sequence begins with the first of them. `from` is footage without screen light. */
export function relit(
  from: readonly Watched[],
  sequence: readonly Shade[],
  scene: Scene,
  random: () => number,
): LitObservation[] {
  const start = from[0]!.takenAt;
  const halves = from.map(halved);
  const times = timesOf(sequence, start);
  const balance = [1, 1, 1];
  let before = start;
  return halves.map((watched) => {
    const { takenAt } = watched;
    const light = lightAt(scene.instead ?? sequence, takenAt - start - scene.lag);
    const image = relight(watched, light, balance, scene, random);
    // White balance follows the mean of the actual picture, towards grey.
    const casts = castOf(image.picture);
    const pull = ((scene.whiteBalance ?? 0) * (takenAt - before)) / 1000;
    if (!image.first) for (const c of [0, 1, 2]) balance[c]! *= (image.rest[c]! / casts[c]!) ** pull;
    before = takenAt;
    return { ...watched, picture: image.picture, shown: times.filter((at) => at <= takenAt) };
  });

  function castOf({ data }: RgbImage): number[] {
    const sums = [0, 0, 0];
    for (let i = 0; i < data.length; i += 48) for (const c of [0, 1, 2]) sums[c]! += LINEAR[data[i + c]!]!;
    const mean = (sums[0]! + sums[1]! + sums[2]!) / 3;
    return sums.map((sum) => sum / mean);
  }

  function relight(watched: Watched, light: Light, gains: readonly number[], s: Scene, random: () => number) {
    const { image, landmarks } = watched;
    const { distance } = eyeAxis(landmarks);
    const [nx, ny] = landmarks[29]!;
    const data = new Uint8Array(image.data.length);
    const { noise = 2, kind } = s;
    const exposure = kind === 'screen' ? 1 : 1 / (1 + 0.6 * s.light);
    let next = Math.floor(random() * NOISE.length);
    for (let y = 0, at = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++, at += 3) {
        const [u, v] = [(x - nx) / (1.25 * distance), (y - ny) / (1.75 * distance)];
        const away = u * u + v * v;
        const head = away < 1 ? 0.3 + 0.7 * Math.sqrt(1 - away) : v > 0.7 && Math.abs(u) < 2.2 ? SHOULDERS : BEHIND;
        const share = kind === 'print' ? 1 : head;
        const covered = s.covers === 'face' ? away < 1 : x < (s.covers ?? 1) * image.width;
        const reflected = kind === 'screen' && covered ? s.light : 0;
        for (let c = 0; c < 3; c++) {
          const own = LINEAR[image.data[at + c]!]!;
          const seen = kind === 'screen' ? own + reflected * light[c]! : own * (1 + s.light * share * light[c]!);
          data[at + c] = Math.max(
            0,
            Math.min(255, byteOf(seen * exposure * gains[c]!) + noise * NOISE[next++ & 65_535]!),
          );
        }
      }
    }
    const rest = castOf(image);
    return { picture: { ...image, data }, rest, first: watched === halves[0] };
  }
}
