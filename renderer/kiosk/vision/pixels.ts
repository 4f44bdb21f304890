import type { Box } from '../../../models/rules/image.ts';

/** Mean and standard deviation of the luma of RGBA pixels (ITU-R BT.601), 0..255. */
export function lumaStats(rgba: Uint8ClampedArray): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  const n = rgba.length / 4;
  for (let i = 0; i < rgba.length; i += 4) {
    const v = 0.299 * rgba[i]! + 0.587 * rgba[i + 1]! + 0.114 * rgba[i + 2]!;
    sum += v;
    squares += v * v;
  }
  const mean = sum / n;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / n - mean * mean)) };
}

/** Share of the box's width left out on each side, because there is hair beside the face, and a body below the chin. */
const HEAD = 0.15;
/** With fewer pixels than this, nothing is concluded about the background. */
const FEW = 12;

/**
 * Luma of the background behind a head: the mean of its brighter half, since a window need not fill all of it.
 *
 * @param rgba a square picture of `side` × `side` pixels
 * @param box the face in it
 * @returns 0..255; null if too little background is visible
 */
export function lumaBehind(rgba: Uint8ClampedArray, side: number, [left, top, w, h]: Box): number | null {
  const behind: number[] = [];
  for (let y = 0; y < Math.min(side, top + h); y++) {
    for (let x = 0; x < side; x++) {
      if (Math.abs(x + 0.5 - (left + w / 2)) <= (0.5 + HEAD) * w) continue;
      const i = (y * side + x) * 4;
      behind.push(0.299 * rgba[i]! + 0.587 * rgba[i + 1]! + 0.114 * rgba[i + 2]!);
    }
  }
  if (behind.length < FEW) return null;
  const brighter = behind.sort((a, b) => b - a).slice(0, Math.ceil(behind.length / 2));
  return brighter.reduce((sum, v) => sum + v, 0) / brighter.length;
}

/** Variance of the 4-neighbour Laplacian of the luma of a `side`×`side` RGBA picture: higher is sharper. */
export function laplacianVariance(rgba: Uint8ClampedArray, side: number, luma: Float32Array): number {
  for (let i = 0, j = 0; j < side * side; i += 4, j++)
    luma[j] = 0.299 * rgba[i]! + 0.587 * rgba[i + 1]! + 0.114 * rgba[i + 2]!;
  let sum = 0;
  let squares = 0;
  let n = 0;
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const at = y * side + x;
      const v = luma[at - 1]! + luma[at + 1]! + luma[at - side]! + luma[at + side]! - 4 * luma[at]!;
      sum += v;
      squares += v * v;
      n++;
    }
  }
  const mean = sum / n;
  return squares / n - mean * mean;
}

/** Converts RGBA to the RGB that the core accepts. */
export function rgbOf(rgba: Uint8ClampedArray): Uint8Array<ArrayBuffer> {
  const n = rgba.length / 4;
  const out = new Uint8Array(n * 3);
  for (let i = 0, j = 0; j < out.length; i += 4, j += 3) {
    out[j] = rgba[i]!;
    out[j + 1] = rgba[i + 1]!;
    out[j + 2] = rgba[i + 2]!;
  }
  return out;
}

/** How much of the surroundings a crop shows: `1.8 ×` the larger side of the face's box. */
export const CROP_GROW = 1.8;
/** Largest side of a crop, pixels. The embedder uses 112 of them, so more would be useless. */
export const CROP_SIDE = 400;

export interface CropPlan {
  /** The square cut from the frame, in whole pixels, inside the frame. */
  readonly from: { readonly x: number; readonly y: number; readonly side: number };
  /** Side of the resulting crop, ≤ CROP_SIDE: never enlarged. */
  readonly side: number;
  readonly box: Box;
}

/** Plans a square crop around a face. It is shifted inwards at the frame's edge, so that no pixel is invented. */
export function planCrop(box: Box, width: number, height: number): CropPlan {
  const [x, y, w, h] = box;
  const side = Math.max(16, Math.min(Math.round(Math.max(w, h) * CROP_GROW), width, height));
  const left = Math.max(0, Math.min(Math.round(x + w / 2 - side / 2), width - side));
  const top = Math.max(0, Math.min(Math.round(y + h / 2 - side / 2), height - side));
  const out = Math.min(side, CROP_SIDE);
  const k = out / side;
  return { from: { x: left, y: top, side }, side: out, box: [(x - left) * k, (y - top) * k, w * k, h * k] };
}
