import { apply, cropTemplate, fitSimilarity, fivePoints, invert } from '../geometry.ts';
import type { Point, RgbImage } from '../image.ts';
import { followPoint, type GrayImage, type Pyramid, pyramidOf } from './flow.ts';
import { solve } from './homography.ts';
import { eyeAxis, NOSE_TIP } from './shape.ts';
import { median } from './step.ts';

/** Side of the crop in which pixels are followed, pixels: about 48 between the eyes. */
const SIDE = 152;
/** Between two points that are followed, pixels. */
const GRID = 6;
/** A point that does not come back to where it was, followed back, is lost, pixels. */
const BACK = 1;

/** The face laid upright and to one size, in gray, for its pixels to be followed. @param landmarks 68, in the picture's pixels */
export function reliefCrop(picture: RgbImage, landmarks: readonly Point[]): ReliefCrop {
  const to = fitSimilarity(fivePoints(landmarks), cropTemplate({ template: 'arcface' }, SIDE));
  const data = new Float32Array(SIDE * SIDE);
  const from = invert(to);
  for (let y = 0, at = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, at++) data[at] = luma(picture, ...apply(from, [x, y]));
  }
  const gray: GrayImage = { width: SIDE, height: SIDE, data };
  return { pyramid: pyramidOf(gray), landmarks: landmarks.map((p) => apply(to, p)) };
}

export interface ReliefCrop {
  readonly pyramid: Pyramid;
  /** In the crop's pixels. */
  readonly landmarks: readonly Point[];
}

function luma({ width, height, data }: RgbImage, x: number, y: number): number {
  const u = Math.min(Math.max(x, 0), width - 1.001);
  const v = Math.min(Math.max(y, 0), height - 1.001);
  const [left, top] = [Math.trunc(u), Math.trunc(v)];
  const at = (i: number): number => 0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!;
  const i = (top * width + left) * 3;
  const upper = at(i) * (1 - u + left) + at(i + 3) * (u - left);
  const below = i + width * 3;
  return upper * (1 - v + top) + (at(below) * (1 - u + left) + at(below + 3) * (u - left)) * (v - top);
}

/** Around the middle of the nose, in distances of the eyes: half axes of what is the nose, and of what is near it. */
const NOSE = [0.26, 0.3] as const;
const NEAR = [0.42, 0.62] as const;
/** How far from there a face still is. */
const FACE = [0.85, 1.3] as const;
/** Least points that must have been followed all the way: of the nose, and of the rest of the face. */
const LEAST = { nose: 4, face: 20 } as const;

/** A point that is followed: where it was at first, as it enters the fit, and where it is now. */
interface Followed {
  readonly first: Point;
  readonly nose: boolean;
  now: Point;
}

/** Follows the pixels of a face from its first crop on. */
export interface ReliefTracker {
  /** The next crop, in order of time. */
  see(crop: ReliefCrop): void;
  /**
   * How far the nose has moved aside beyond what a surface did that is bent in any one way: signed as parallax is, in distances
   * of the eyes. Null: too few points could be followed.
   */
  relief(): number | null;
}

/**
 * Whether a face has relief: paper, flat or bent, is a surface that a quadric describes, and all of its pixels move as it does; the
 * nose of a head stands out of any. Pixels are followed, since landmark models see a nose in any picture of one.
 */
export function trackRelief(first: ReliefCrop): ReliefTracker {
  const { distance: unit } = eyeAxis(first.landmarks);
  const [[bx, by], [tx, ty]] = [first.landmarks[NOSE_TIP - 1]!, first.landmarks[NOSE_TIP]!];
  const middle: Point = [0.3 * bx + 0.7 * tx, 0.3 * by + 0.7 * ty];
  const off = ([x, y]: Point): Point => [(x - middle[0]) / unit, (y - middle[1]) / unit];
  const within = ([x, y]: Point, [w, h]: readonly [number, number]): boolean => (x / w) ** 2 + (y / h) ** 2 < 1;
  let last = first.pyramid;
  let points: Followed[] = [];
  for (let y = GRID; y < SIDE - GRID; y += GRID) {
    for (let x = GRID; x < SIDE - GRID; x += GRID) {
      const at = off([x, y]);
      const nose = within(at, NOSE);
      if (nose || (within(at, FACE) && !within(at, NEAR))) points.push({ first: at, nose, now: [x, y] });
    }
  }
  return {
    see({ pyramid }) {
      points = points.filter((point) => {
        const next = followPoint(last, pyramid, ...point.now);
        const back = next && followPoint(pyramid, last, ...next);
        if (!back || Math.hypot(back[0] - point.now[0], back[1] - point.now[1]) > BACK) return false;
        point.now = [next[0], next[1]];
        return true;
      });
      last = pyramid;
    },
    relief() {
      const nose = points.filter((p) => p.nose);
      const face = points.filter((p) => !p.nose);
      if (nose.length < LEAST.nose || face.length < LEAST.face) return null;
      const aside = (p: Followed): number => off(p.now)[0];
      const surface = fitQuadric(
        face.map((p) => p.first),
        face.map(aside),
      );
      return surface && median(nose.map((p) => aside(p) - surface(p.first)));
    },
  };
}

const TERMS = 6;
const terms = ([x, y]: Point): readonly number[] => [1, x, y, x * x, x * y, y * y];
/** Rounds of the fit in which points that do not agree count less (Cauchy's weights), and from how many deviations on. */
const ROUNDS = 4;
const AGREES = 2;

/** The quadric closest to the values at these points; null when they determine none. */
function fitQuadric(points: readonly Point[], values: readonly number[]): ((point: Point) => number) | null {
  let weights = points.map(() => 1);
  let surface = (_point: Point): number => 0;
  for (let round = 0; round < ROUNDS; round++) {
    const a = new Float64Array(TERMS * TERMS);
    const b = new Float64Array(TERMS);
    for (const [k, point] of points.entries()) {
      const row = terms(point);
      for (let i = 0; i < TERMS; i++) {
        b[i]! += weights[k]! * row[i]! * values[k]!;
        for (let j = 0; j <= i; j++) a[i * TERMS + j]! += weights[k]! * row[i]! * row[j]!;
      }
    }
    if (!solve(a, b, TERMS)) return null;
    surface = (point) => b.reduce((sum, factor, i) => sum + factor * terms(point)[i]!, 0);
    const off = points.map((point, k) => Math.abs(values[k]! - surface(point)));
    const deviation = 1.4826 * median(off) + 1e-4;
    weights = off.map((d) => 1 / (1 + (d / (AGREES * deviation)) ** 2));
  }
  return surface;
}
