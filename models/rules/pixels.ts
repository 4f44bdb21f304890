import type { Similarity } from './geometry.ts';
import type { Box, RgbImage } from './image.ts';

/**
 * Samples pixels into the float planes that models take. Hot code: typed arrays, and no allocation unless stated. Every function
 * fills its `out` completely, so buffers can be reused.
 */

/** Weights of ITU-R BT.601 luma. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** How a byte becomes a model's input value: `(v − mean) · scale`. */
export interface Normalisation {
  readonly mean: number;
  readonly scale: number;
}

/** Source lines of a resize along one axis: two for each output, and the weight of the second. */
class Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float32Array;
  /** Outputs from `inside` to before `outside` have both lines inside the picture. */
  inside = 0;
  outside = 0;

  constructor(length: number) {
    this.low = new Int32Array(length);
    this.high = new Int32Array(length);
    this.share = new Float32Array(length);
  }

  /** Fills in `n` outputs over [start, start + size) of a picture with `limit` lines, `step` bytes apart. */
  fill(start: number, size: number, n: number, limit: number, step: number): void {
    const { low, high, share } = this;
    this.inside = n;
    this.outside = n;
    for (let i = 0; i < n; i++) {
      // Half-pixel centres, like OpenCV's resize.
      const at = start + ((i + 0.5) * size) / n - 0.5;
      const whole = Math.floor(at);
      share[i] = at - whole;
      // −1 marks a line outside the picture, where the fill value is used.
      low[i] = whole >= 0 && whole < limit ? whole * step : -1;
      high[i] = whole + 1 >= 0 && whole + 1 < limit ? (whole + 1) * step : -1;
      const both = low[i]! >= 0 && high[i]! >= 0;
      if (both && this.inside === n) this.inside = i;
      if (!both && this.inside < n && this.outside === n) this.outside = i;
    }
  }
}

/** Buffers of one resize to at most `side` columns and rows. */
export class Taps {
  readonly x: Axis;
  readonly y: Axis;
  /** One output row of byte values before normalisation: R, G, B of each pixel. */
  readonly row: Float64Array;

  constructor(side: number) {
    this.x = new Axis(side);
    this.y = new Axis(side);
    this.row = new Float64Array(side * 3);
  }

  /** Prepares a resize of `box` to `w`×`h`. */
  fill(image: RgbImage, box: Box, w: number, h: number): void {
    this.x.fill(box[0], box[2], w, image.width, 3);
    this.y.fill(box[1], box[3], h, image.height, image.width * 3);
  }
}

/** Samples output row `y` of `w` pixels into `taps.row`. Outside the picture, `fill` is used. */
function sampleRow(data: Uint8Array, taps: Taps, y: number, w: number, fill: number): void {
  const { x: across, y: down, row } = taps;
  const { low, high, share, inside, outside } = across;
  const top = down.low[y]!;
  const bottom = down.high[y]!;
  if (top < 0 && bottom < 0) {
    row.fill(fill, 0, w * 3);
    return;
  }
  const within = top >= 0 && bottom >= 0;
  const from = within ? inside : w;
  const to = within ? outside : w;
  for (let x = 0; x < from; x++) sampleEdge(data, taps, x, y, fill);
  const v = down.share[y]!;
  for (let x = from, at = from * 3; x < to; x++, at += 3) {
    const u = share[x]!;
    const w11 = u * v;
    const w01 = u - w11;
    const w10 = v - w11;
    const w00 = 1 - u - w10;
    const i = top + low[x]!;
    const j = top + high[x]!;
    const k = bottom + low[x]!;
    const l = bottom + high[x]!;
    row[at] = data[i]! * w00 + data[j]! * w01 + data[k]! * w10 + data[l]! * w11;
    row[at + 1] = data[i + 1]! * w00 + data[j + 1]! * w01 + data[k + 1]! * w10 + data[l + 1]! * w11;
    row[at + 2] = data[i + 2]! * w00 + data[j + 2]! * w01 + data[k + 2]! * w10 + data[l + 2]! * w11;
  }
  for (let x = to; x < w; x++) sampleEdge(data, taps, x, y, fill);
}

/** Samples one pixel of a row that is partly outside the picture. */
function sampleEdge(data: Uint8Array, { x: across, y: down, row }: Taps, x: number, y: number, fill: number): void {
  const [left, right, u] = [across.low[x]!, across.high[x]!, across.share[x]!];
  const [top, bottom, v] = [down.low[y]!, down.high[y]!, down.share[y]!];
  for (let c = 0; c < 3; c++) {
    const at = (line: number, column: number) => (line < 0 || column < 0 ? fill : data[line + column + c]!);
    const upper = at(top, left) * (1 - u) + at(top, right) * u;
    const lower = at(bottom, left) * (1 - u) + at(bottom, right) * u;
    row[x * 3 + c] = upper * (1 - v) + lower * v;
  }
}

/**
 * Resizes the window `box` bilinearly to `w`×`h`, into three normalised planes (R, G, B) of `out`. Outside the picture, `fill` (a
 * byte) is used.
 */
export function windowToPlanes(
  image: RgbImage,
  box: Box,
  w: number,
  h: number,
  { mean, scale }: Normalisation,
  fill: number,
  out: Float32Array,
  taps: Taps,
): void {
  taps.fill(image, box, w, h);
  const { row } = taps;
  const plane = w * h;
  for (let y = 0, at = 0; y < h; y++) {
    sampleRow(image.data, taps, y, w, fill);
    for (let from = 0; from < w * 3; from += 3, at++) {
      out[at] = (row[from]! - mean) * scale;
      out[at + plane] = (row[from + 1]! - mean) * scale;
      out[at + 2 * plane] = (row[from + 2]! - mean) * scale;
    }
  }
}

/** Like windowToPlanes, into one plane of luma. */
export function windowToLuma(
  image: RgbImage,
  box: Box,
  w: number,
  h: number,
  { mean, scale }: Normalisation,
  fill: number,
  out: Float32Array,
  taps: Taps,
): void {
  taps.fill(image, box, w, h);
  const { row } = taps;
  const [kr, kg, kb] = LUMA;
  for (let y = 0, at = 0; y < h; y++) {
    sampleRow(image.data, taps, y, w, fill);
    for (let from = 0; from < w * 3; from += 3, at++) {
      out[at] = (kr * row[from]! + kg * row[from + 1]! + kb * row[from + 2]! - mean) * scale;
    }
  }
}

/** The layout of a square picture, `side` pixels wide, in a model's input. */
export interface Raster {
  readonly side: number;
  /** Index of the first pixel's red, green and blue. */
  readonly first: readonly [number, number, number];
  /** Distance from one pixel to the next. */
  readonly step: number;
  /** Normalisation of red, green and blue. */
  readonly norm: readonly [Normalisation, Normalisation, Normalisation];
}

/** Mirrors a crop written by `warpToRaster` horizontally. */
export function mirrorRaster({ side, first, step }: Raster, crop: Float32Array): void {
  for (const start of first)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side >> 1; x++) {
        const [left, right] = [start + (y * side + x) * step, start + (y * side + side - 1 - x) * step];
        [crop[left], crop[right]] = [crop[right]!, crop[left]!];
      }
}

/**
 * Warps bilinearly to a square crop in the layout `raster`; 0 outside the picture. `toPicture` maps a pixel of the crop to the
 * picture; coordinates are those of pixel centres (like OpenCV's warpAffine).
 */
export function warpToRaster(image: RgbImage, toPicture: Similarity, raster: Raster, out: Float32Array): void {
  const { a, b, tx, ty } = toPicture;
  const { width, height, data } = image;
  const { side, step } = raster;
  const [r0, g0, b0] = raster.first;
  const [{ mean: rMean, scale: rScale }, { mean: gMean, scale: gScale }, { mean: bMean, scale: bScale }] = raster.norm;
  const stride = width * 3;
  let at = 0;
  for (let y = 0; y < side; y++) {
    let sx = tx - b * y;
    let sy = ty + a * y;
    for (let x = 0; x < side; x++, at += step, sx += a, sy += b) {
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
      out[b0 + at] = (blue - bMean) * bScale;
      out[g0 + at] = (green - gMean) * gScale;
      out[r0 + at] = (red - rMean) * rScale;
    }
  }
}
