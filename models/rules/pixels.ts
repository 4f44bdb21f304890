import type { Similarity } from './geometry.ts';
import type { Box, RgbImage } from './image.ts';

/**
 * Sampling pixels into the float planes that models take. Hot code: typed arrays, no allocation but where it says so.
 * Every function fills its `out` completely, so buffers can be used again.
 */

/** Weights of ITU-R BT.601 luma. */
export const LUMA = [0.299, 0.587, 0.114] as const;

/** How a byte becomes a model's number: `(v − mean) · scale`. */
export interface Normalisation {
  readonly mean: number;
  readonly scale: number;
}

/** For each of `n` outputs over [start, start + size): the two source lines, times `step`, and the weight of the second. */
function fillTaps(
  start: number,
  size: number,
  n: number,
  limit: number,
  step: number,
  low: Int32Array,
  high: Int32Array,
  share: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    // Half-pixel centres, as OpenCV's resize has them.
    const at = start + ((i + 0.5) * size) / n - 0.5;
    const whole = Math.floor(at);
    share[i] = at - whole;
    // −1 marks a line outside the picture, which reads as the fill.
    low[i] = whole >= 0 && whole < limit ? whole * step : -1;
    high[i] = whole + 1 >= 0 && whole + 1 < limit ? (whole + 1) * step : -1;
  }
}

/** Scratch for one resize of up to `side` columns and rows. */
export class Taps {
  readonly x0: Int32Array;
  readonly x1: Int32Array;
  readonly y0: Int32Array;
  readonly y1: Int32Array;
  readonly fx: Float32Array;
  readonly fy: Float32Array;

  constructor(side: number) {
    this.x0 = new Int32Array(side);
    this.x1 = new Int32Array(side);
    this.y0 = new Int32Array(side);
    this.y1 = new Int32Array(side);
    this.fx = new Float32Array(side);
    this.fy = new Float32Array(side);
  }
}

/**
 * Bilinear resize of the window `box` to `w`×`h`, into three planes (R, G, B) of `out`, normalised.
 * What lies outside the picture counts as `fill` (a byte).
 */
export function windowToPlanes(
  image: RgbImage,
  box: Box,
  w: number,
  h: number,
  norm: Normalisation,
  fill: number,
  out: Float32Array,
  taps: Taps,
): void {
  const { x0, x1, y0, y1, fx, fy } = taps;
  fillTaps(box[0], box[2], w, image.width, 3, x0, x1, fx);
  fillTaps(box[1], box[3], h, image.height, image.width * 3, y0, y1, fy);
  const data = image.data;
  const plane = w * h;
  const { mean, scale } = norm;
  let at = 0;
  for (let y = 0; y < h; y++) {
    const v = fy[y]!;
    const top = y0[y]!;
    const bottom = y1[y]!;
    for (let x = 0; x < w; x++, at++) {
      const u = fx[x]!;
      const left = x0[x]!;
      const right = x1[x]!;
      let r00 = fill,
        g00 = fill,
        b00 = fill;
      let r01 = fill,
        g01 = fill,
        b01 = fill;
      let r10 = fill,
        g10 = fill,
        b10 = fill;
      let r11 = fill,
        g11 = fill,
        b11 = fill;
      if (top >= 0) {
        if (left >= 0) {
          const i = top + left;
          r00 = data[i]!;
          g00 = data[i + 1]!;
          b00 = data[i + 2]!;
        }
        if (right >= 0) {
          const i = top + right;
          r01 = data[i]!;
          g01 = data[i + 1]!;
          b01 = data[i + 2]!;
        }
      }
      if (bottom >= 0) {
        if (left >= 0) {
          const i = bottom + left;
          r10 = data[i]!;
          g10 = data[i + 1]!;
          b10 = data[i + 2]!;
        }
        if (right >= 0) {
          const i = bottom + right;
          r11 = data[i]!;
          g11 = data[i + 1]!;
          b11 = data[i + 2]!;
        }
      }
      const w00 = (1 - u) * (1 - v),
        w01 = u * (1 - v),
        w10 = (1 - u) * v,
        w11 = u * v;
      out[at] = (r00 * w00 + r01 * w01 + r10 * w10 + r11 * w11 - mean) * scale;
      out[at + plane] = (g00 * w00 + g01 * w01 + g10 * w10 + g11 * w11 - mean) * scale;
      out[at + 2 * plane] = (b00 * w00 + b01 * w01 + b10 * w10 + b11 * w11 - mean) * scale;
    }
  }
}

/** As windowToPlanes, into one plane of luma. */
export function windowToLuma(
  image: RgbImage,
  box: Box,
  w: number,
  h: number,
  norm: Normalisation,
  fill: number,
  out: Float32Array,
  taps: Taps,
): void {
  const { x0, x1, y0, y1, fx, fy } = taps;
  fillTaps(box[0], box[2], w, image.width, 3, x0, x1, fx);
  fillTaps(box[1], box[3], h, image.height, image.width * 3, y0, y1, fy);
  const data = image.data;
  const [kr, kg, kb] = LUMA;
  const { mean, scale } = norm;
  let at = 0;
  for (let y = 0; y < h; y++) {
    const v = fy[y]!;
    const top = y0[y]!;
    const bottom = y1[y]!;
    for (let x = 0; x < w; x++, at++) {
      const u = fx[x]!;
      const left = x0[x]!;
      const right = x1[x]!;
      let p00 = fill,
        p01 = fill,
        p10 = fill,
        p11 = fill;
      if (top >= 0) {
        if (left >= 0) {
          const i = top + left;
          p00 = kr * data[i]! + kg * data[i + 1]! + kb * data[i + 2]!;
        }
        if (right >= 0) {
          const i = top + right;
          p01 = kr * data[i]! + kg * data[i + 1]! + kb * data[i + 2]!;
        }
      }
      if (bottom >= 0) {
        if (left >= 0) {
          const i = bottom + left;
          p10 = kr * data[i]! + kg * data[i + 1]! + kb * data[i + 2]!;
        }
        if (right >= 0) {
          const i = bottom + right;
          p11 = kr * data[i]! + kg * data[i + 1]! + kb * data[i + 2]!;
        }
      }
      out[at] = ((p00 * (1 - u) + p01 * u) * (1 - v) + (p10 * (1 - u) + p11 * u) * v - mean) * scale;
    }
  }
}

/**
 * Bilinear warp to a `side`×`side` crop in three planes (B, G, R), normalised; outside the picture counts as 0.
 * `toPicture` takes a pixel of the crop to the picture, both counted from the centres of pixels (OpenCV's warpAffine).
 */
export function warpToPlanes(
  image: RgbImage,
  toPicture: Similarity,
  side: number,
  norm: Normalisation,
  out: Float32Array,
): void {
  const { a, b, tx, ty } = toPicture;
  const { width, height, data } = image;
  const plane = side * side;
  const { mean, scale } = norm;
  const stride = width * 3;
  let at = 0;
  for (let y = 0; y < side; y++) {
    let sx = tx - b * y;
    let sy = ty + a * y;
    for (let x = 0; x < side; x++, at++, sx += a, sy += b) {
      const left = Math.floor(sx);
      const top = Math.floor(sy);
      const u = sx - left;
      const v = sy - top;
      let red = 0;
      let green = 0;
      let blue = 0;
      if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
        const i = top * stride + left * 3;
        const j = i + stride;
        const w00 = (1 - u) * (1 - v);
        const w01 = u * (1 - v);
        const w10 = (1 - u) * v;
        const w11 = u * v;
        red = data[i]! * w00 + data[i + 3]! * w01 + data[j]! * w10 + data[j + 3]! * w11;
        green = data[i + 1]! * w00 + data[i + 4]! * w01 + data[j + 1]! * w10 + data[j + 4]! * w11;
        blue = data[i + 2]! * w00 + data[i + 5]! * w01 + data[j + 2]! * w10 + data[j + 5]! * w11;
      } else if (left >= -1 && top >= -1 && left < width && top < height) {
        for (let k = 0; k < 4; k++) {
          const px = left + (k & 1);
          const py = top + (k >> 1);
          if (px < 0 || py < 0 || px >= width || py >= height) continue;
          const weight = (k & 1 ? u : 1 - u) * (k >> 1 ? v : 1 - v);
          const i = py * stride + px * 3;
          red += data[i]! * weight;
          green += data[i + 1]! * weight;
          blue += data[i + 2]! * weight;
        }
      }
      out[at] = (blue - mean) * scale;
      out[at + plane] = (green - mean) * scale;
      out[at + 2 * plane] = (red - mean) * scale;
    }
  }
}
