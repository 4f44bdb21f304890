import type { Box, FivePoints, Point } from './image.ts';

/**
 * Plane geometry of faces: pure functions on points and boxes in pixels (x to the right, y down). Landmarks are the 68 points of
 * iBUG 300-W, counted from 0: jaw 0–16, brows 17–26, nose 27–35, eyes 36–47, mouth 48–67. "Left" in names of points means left in
 * the picture, which is the person's right.
 */

const LANDMARKS = 68;

/** The five points in the 112×112 crop that ArcFace-style embedders were trained on (insightface, arcface_dst). */
const ARCFACE_TEMPLATE: FivePoints = [
  [38.29, 51.7],
  [73.53, 51.5],
  [56.03, 71.74],
  [41.55, 92.37],
  [70.73, 92.2],
];

/** Side of that crop, pixels. */
const ARCFACE_SIDE = 112;

/**
 * The five points in dlib's mean face, scaled to a side of 1: means of the landmarks used by `fivePoints`, from the 51 of dlib's
 * get_face_chip_details (dlib/image_transforms/interpolation.h). dlib itself fits 33 of them.
 */
const DLIB_FACE: FivePoints = [
  [0.224152, 0.2119465],
  [0.75610125, 0.2119465],
  [0.490127, 0.515625],
  [0.272264, 0.7825125],
  [0.707989, 0.7825125],
];

/** How a face is placed in an embedder's square input. */
export type FaceCrop =
  /** ArcFace's template, scaled from 112 to the side. */
  | { readonly template: 'arcface' }
  /** dlib's get_face_chip: its mean face, surrounded by this share of the face's side. */
  | { readonly template: 'face-chip'; readonly padding: number };

/** Returns where eye centres, nose tip and mouth corners should be in a crop of `side` pixels. */
export function cropTemplate(crop: FaceCrop, side: number): FivePoints {
  const at = (place: ([x, y]: Point) => Point, points: FivePoints) => points.map(place) as unknown as FivePoints;
  if (crop.template === 'arcface') {
    const scale = side / ARCFACE_SIDE;
    return at(([x, y]) => [x * scale, y * scale], ARCFACE_TEMPLATE);
  }
  const { padding } = crop;
  const place = (v: number) => ((padding + v) / (2 * padding + 1)) * side;
  return at(([x, y]) => [place(x), place(y)], DLIB_FACE);
}

/**
 * A similarity (rotation, uniform scale, translation; no mirroring): `x' = a·x − b·y + tx`, `y' = b·x + a·y + ty`. The scale is
 * hypot(a, b), the angle atan2(b, a).
 */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * Returns the similarity that maps `from` to `to` with the least squared error: Umeyama 1991 in the plane, in closed form, which
 * excludes mirroring by construction. If all points of `from` coincide, the scale is 0.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  const n = from.length;
  if (n !== to.length || n < 2)
    throw new RangeError(`a similarity needs two or more pairs of points, got ${n} and ${to.length}`);
  const [fx, fy] = centroid(from);
  const [gx, gy] = centroid(to);
  let along = 0;
  let across = 0;
  let spread = 0;
  for (let i = 0; i < n; i++) {
    const x = from[i]![0] - fx;
    const y = from[i]![1] - fy;
    const u = to[i]![0] - gx;
    const v = to[i]![1] - gy;
    along += x * u + y * v;
    across += x * v - y * u;
    spread += x * x + y * y;
  }
  const a = spread > 0 ? along / spread : 0;
  const b = spread > 0 ? across / spread : 0;
  return { a, b, tx: gx - a * fx + b * fy, ty: gy - b * fx - a * fy };
}

/** Returns the inverse of `s`; throws a RangeError if `s` collapses the plane to a point. */
export function invert(s: Similarity): Similarity {
  const d = s.a * s.a + s.b * s.b;
  if (!(d > 0)) throw new RangeError('a similarity of scale 0 has no inverse');
  const a = s.a / d;
  const b = -s.b / d;
  return { a, b, tx: -(a * s.tx - b * s.ty), ty: -(b * s.tx + a * s.ty) };
}

/** Returns where `s` maps a point. */
export function apply(s: Similarity, [x, y]: Point): Point {
  return [s.a * x - s.b * y + s.tx, s.b * x + s.a * y + s.ty];
}

/** Returns the square of side max(w, h) · `grow` around the centre of `box`. It may extend beyond the picture. */
export function squareAround([x, y, w, h]: Box, grow = 1): Box {
  const side = Math.max(w, h) * grow;
  return [x + w / 2 - side / 2, y + h / 2 - side / 2, side, side];
}

/** Returns the bounds of at least one point. */
export function extentOf(points: readonly Point[]): Box {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** Returns eye centres, nose tip and mouth corners from 68 landmarks. */
export function fivePoints(landmarks: readonly Point[]): FivePoints {
  if (landmarks.length !== LANDMARKS) throw new RangeError(`expected ${LANDMARKS} landmarks, got ${landmarks.length}`);
  const mean = (...at: number[]): Point => centroid(at.map((i) => landmarks[i]!));
  return [mean(37, 38, 40, 41), mean(43, 44, 46, 47), landmarks[30]!, mean(48, 60), mean(54, 64)];
}

/** Intersection over union, 0..1. */
export function iou(p: Box, q: Box): number {
  const w = Math.min(p[0] + p[2], q[0] + q[2]) - Math.max(p[0], q[0]);
  const h = Math.min(p[1] + p[3], q[1] + q[3]) - Math.max(p[1], q[1]);
  if (!(w > 0 && h > 0)) return 0;
  const both = w * h;
  return both / (p[2] * p[3] + q[2] * q[3] - both);
}

/** Share of the smaller box that is inside the other, 0..1. Detects a box inside a box, which has a low IoU. */
export function overlapOfSmaller(p: Box, q: Box): number {
  const w = Math.min(p[0] + p[2], q[0] + q[2]) - Math.max(p[0], q[0]);
  const h = Math.min(p[1] + p[3], q[1] + q[3]) - Math.max(p[1], q[1]);
  if (!(w > 0 && h > 0)) return 0;
  return (w * h) / Math.min(p[2] * p[3], q[2] * q[3]);
}

/**
 * Greedy non-maximum suppression: highest score first; drops boxes that overlap a kept one by more than `limit` (IoU). Equal
 * scores keep their order.
 */
export function suppress<T extends { readonly box: Box; readonly score: number }>(
  found: readonly T[],
  limit: number,
): T[] {
  const kept: T[] = [];
  for (const one of found.toSorted((p, q) => q.score - p.score)) {
    if (kept.every((k) => iou(k.box, one.box) <= limit)) kept.push(one);
  }
  return kept;
}

function centroid(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const p of points) {
    x += p[0];
    y += p[1];
  }
  return [x / points.length, y / points.length];
}

export function distance(p: Point, q: Point): number {
  return Math.hypot(p[0] - q[0], p[1] - q[1]);
}
