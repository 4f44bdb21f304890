/** Brightness of a picture, row by row. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A picture, and the same at half the size: large moves are found in the small one. */
export type Pyramid = readonly [GrayImage, GrayImage];

/** Half of the window that a point is followed by, pixels. */
const REACH = 5;
const WINDOW = (2 * REACH + 1) ** 2;
const STEPS = 5;
/** A step this short ends the search, pixels. */
const SHORT = 0.01;
/** Least smaller eigenvalue of the gradients' matrix, a pixel: below it a window has no corner to hold on to (Shi & Tomasi 1994). */
const LEAST_CORNER = 2;
/** Most that the windows may differ at the end, levels a pixel. */
const MOST_DIFFERENCE = 14;

/** The value between pixels, bilinear; the edge goes on outside. */
export function sampleGray({ width, height, data }: GrayImage, x: number, y: number): number {
  const u = Math.min(Math.max(x, 0), width - 1.001);
  const v = Math.min(Math.max(y, 0), height - 1.001);
  const [left, top] = [Math.trunc(u), Math.trunc(v)];
  const [fx, fy] = [u - left, v - top];
  const i = top * width + left;
  const upper = data[i]! * (1 - fx) + data[i + 1]! * fx;
  return upper * (1 - fy) + (data[i + width]! * (1 - fx) + data[i + width + 1]! * fx) * fy;
}

const KERNEL = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16] as const;

/** With the picture at half the size, smoothed by Burt and Adelson's kernel. */
export function pyramidOf(image: GrayImage): Pyramid {
  const [width, height] = [image.width >> 1, image.height >> 1];
  const rows = new Float32Array(width * image.height);
  const data = new Float32Array(width * height);
  for (let y = 0, at = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++, at++) {
      for (let k = 0; k < 5; k++) {
        const from = Math.min(image.width - 1, Math.max(0, 2 * x + k - 2));
        rows[at]! += KERNEL[k]! * image.data[y * image.width + from]!;
      }
    }
  }
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      for (let k = 0; k < 5; k++) {
        data[at]! += KERNEL[k]! * rows[Math.min(image.height - 1, Math.max(0, 2 * y + k - 2)) * width + x]!;
      }
    }
  }
  return [image, { width, height, data }];
}

const window = new Float32Array(WINDOW);
const acrossX = new Float32Array(WINDOW);
const acrossY = new Float32Array(WINDOW);
const other = new Float32Array(WINDOW);

/**
 * Where a point of one picture is in the next one: pyramidal Lucas–Kanade (Bouguet, Pyramidal implementation of the affine
 * Lucas Kanade feature tracker, Intel 2001) of two levels, less the mean of each window, so that light that changes does not move
 * anything.
 *
 * @returns null where there is nothing to hold on to, or it is lost
 */
export function followPoint(from: Pyramid, to: Pyramid, x: number, y: number): readonly [number, number] | null {
  let [dx, dy] = [0, 0];
  for (const level of [1, 0] as const) {
    const [a, b] = [from[level], to[level]];
    const [px, py] = [x / (1 << level), y / (1 << level)];
    let [xx, xy, yy, mean] = [0, 0, 0, 0];
    for (let j = -REACH, k = 0; j <= REACH; j++) {
      for (let i = -REACH; i <= REACH; i++, k++) {
        const [u, v] = [px + i, py + j];
        const gx = (sampleGray(a, u + 1, v) - sampleGray(a, u - 1, v)) / 2;
        const gy = (sampleGray(a, u, v + 1) - sampleGray(a, u, v - 1)) / 2;
        window[k] = sampleGray(a, u, v);
        acrossX[k] = gx;
        acrossY[k] = gy;
        mean += window[k]! / WINDOW;
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
      }
    }
    const corner = ((xx + yy) / 2 - Math.hypot((xx - yy) / 2, xy)) / WINDOW;
    if (level === 0 && !(corner >= LEAST_CORNER)) return null;
    const det = xx * yy - xy * xy;
    let difference = 0;
    for (let step = 0; det > 1e-6 && step < STEPS; step++) {
      let [otherMean, bx, by] = [0, 0, 0];
      for (let j = -REACH, k = 0; j <= REACH; j++) {
        for (let i = -REACH; i <= REACH; i++, k++) {
          other[k] = sampleGray(b, px + dx + i, py + dy + j);
          otherMean += other[k]! / WINDOW;
        }
      }
      difference = 0;
      for (let k = 0; k < WINDOW; k++) {
        const off = window[k]! - mean - (other[k]! - otherMean);
        bx += off * acrossX[k]!;
        by += off * acrossY[k]!;
        difference += Math.abs(off) / WINDOW;
      }
      const [ux, uy] = [(yy * bx - xy * by) / det, (xx * by - xy * bx) / det];
      dx += ux;
      dy += uy;
      if (!(Math.hypot(dx, dy) < from[level].width / 4)) return null;
      if (ux * ux + uy * uy < SHORT * SHORT) break;
    }
    if (level === 0) return difference > MOST_DIFFERENCE ? null : [x + dx, y + dy];
    dx *= 2;
    dy *= 2;
  }
  return null;
}
