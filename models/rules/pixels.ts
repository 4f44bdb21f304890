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

/** Lines of a resize along one axis: the two source lines of each output, and the weight of the second. */
class Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float32Array;
  /** Outputs from `inside` up to, not including, `outside` have both lines in the picture. */
  inside = 0;
  outside = 0;

  constructor(length: number) {
    this.low = new Int32Array(length);
    this.high = new Int32Array(length);
    this.share = new Float32Array(length);
  }

  /** For `n` outputs over [start, start + size) of a picture of `limit` lines, each `step` bytes from the next. */
  fill(start: number, size: number, n: number, limit: number, step: number): void {
    const { low, high, share } = this;
    this.inside = n;
    this.outside = n;
    for (let i = 0; i < n; i++) {
      // Half-pixel centres, as OpenCV's resize has them.
      const at = start + ((i + 0.5) * size) / n - 0.5;
      const whole = Math.floor(at);
      share[i] = at - whole;
      // −1 marks a line outside the picture, which reads as the fill.
      low[i] = whole >= 0 && whole < limit ? whole * step : -1;
      high[i] = whole + 1 >= 0 && whole + 1 < limit ? (whole + 1) * step : -1;
      const both = low[i]! >= 0 && high[i]! >= 0;
      if (both && this.inside === n) this.inside = i;
      if (!both && this.inside < n && this.outside === n) this.outside = i;
    }
  }
}

/** Scratch of one resize to at most `side` columns and rows. */
export class Taps {
  readonly x: Axis;
  readonly y: Axis;

  constructor(side: number) {
    this.x = new Axis(side);
    this.y = new Axis(side);
  }
}

/** One channel at an output whose lines lie partly outside. */
function edgeSample(data: Uint8Array, taps: Taps, x: number, y: number, channel: number, fill: number): number {
  const [left, right, u] = [taps.x.low[x]!, taps.x.high[x]!, taps.x.share[x]!];
  const [top, bottom, v] = [taps.y.low[y]!, taps.y.high[y]!, taps.y.share[y]!];
  const at = (row: number, column: number) => (row < 0 || column < 0 ? fill : data[row + column + channel]!);
  return (
    (at(top, left) * (1 - u) + at(top, right) * u) * (1 - v) + (at(bottom, left) * (1 - u) + at(bottom, right) * u) * v
  );
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
  const { x: across, y: down } = taps;
  across.fill(box[0], box[2], w, image.width, 3);
  down.fill(box[1], box[3], h, image.height, image.width * 3);
  const { data } = image;
  const { low, high, share } = across;
  const { inside, outside } = across;
  const plane = w * h;
  const { mean, scale } = norm;
  const shift = -mean * scale;
  const nothing = (fill - mean) * scale;
  const edge = (x: number, y: number) => {
    const seen = low[x]! >= 0 || high[x]! >= 0;
    for (let c = 0; c < 3; c++) {
      out[c * plane + y * w + x] = seen ? edgeSample(data, taps, x, y, c, fill) * scale + shift : nothing;
    }
  };
  for (let y = 0; y < h; y++) {
    const top = down.low[y]!;
    const bottom = down.high[y]!;
    if (top < 0 && bottom < 0) {
      for (let c = 0; c < 3; c++) out.fill(nothing, c * plane + y * w, c * plane + (y + 1) * w);
      continue;
    }
    const within = top >= 0 && bottom >= 0;
    const from = within ? inside : w;
    const to = within ? outside : w;
    for (let x = 0; x < from; x++) edge(x, y);
    const lower = down.share[y]! * scale;
    const upper = scale - lower;
    for (let x = from, at = y * w + from; x < to; x++, at++) {
      const u = share[x]!;
      const w01 = u * upper;
      const w00 = upper - w01;
      const w11 = u * lower;
      const w10 = lower - w11;
      const i = top + low[x]!;
      const j = top + high[x]!;
      const k = bottom + low[x]!;
      const l = bottom + high[x]!;
      out[at] = data[i]! * w00 + data[j]! * w01 + data[k]! * w10 + data[l]! * w11 + shift;
      out[at + plane] = data[i + 1]! * w00 + data[j + 1]! * w01 + data[k + 1]! * w10 + data[l + 1]! * w11 + shift;
      out[at + 2 * plane] = data[i + 2]! * w00 + data[j + 2]! * w01 + data[k + 2]! * w10 + data[l + 2]! * w11 + shift;
    }
    for (let x = to; x < w; x++) edge(x, y);
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
  const { x: across, y: down } = taps;
  across.fill(box[0], box[2], w, image.width, 3);
  down.fill(box[1], box[3], h, image.height, image.width * 3);
  const { data } = image;
  const { low, high, share } = across;
  const { inside, outside } = across;
  const [kr, kg, kb] = LUMA;
  const { mean, scale } = norm;
  const edge = (x: number, y: number) => {
    let luma = 0;
    for (let c = 0; c < 3; c++) luma += LUMA[c]! * edgeSample(data, taps, x, y, c, fill);
    out[y * w + x] = (luma - mean) * scale;
  };
  for (let y = 0; y < h; y++) {
    const top = down.low[y]!;
    const bottom = down.high[y]!;
    const within = top >= 0 && bottom >= 0;
    const from = within ? inside : w;
    const to = within ? outside : w;
    for (let x = 0; x < from; x++) edge(x, y);
    const v = down.share[y]!;
    for (let x = from, at = y * w + from; x < to; x++, at++) {
      const u = share[x]!;
      const w11 = u * v;
      const w01 = u - w11;
      const w10 = v - w11;
      const w00 = 1 - u - w10;
      const i = top + low[x]!;
      const j = top + high[x]!;
      const k = bottom + low[x]!;
      const l = bottom + high[x]!;
      const red = data[i]! * w00 + data[j]! * w01 + data[k]! * w10 + data[l]! * w11;
      const green = data[i + 1]! * w00 + data[j + 1]! * w01 + data[k + 1]! * w10 + data[l + 1]! * w11;
      const blue = data[i + 2]! * w00 + data[j + 2]! * w01 + data[k + 2]! * w10 + data[l + 2]! * w11;
      out[at] = (kr * red + kg * green + kb * blue - mean) * scale;
    }
    for (let x = to; x < w; x++) edge(x, y);
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
