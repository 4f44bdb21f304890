import type { Point } from '../image.ts';
import { fitHomography, project } from './homography.ts';
import { eyeAxis, NOSE_TIP, PLANE_POINTS } from './shape.ts';

/** How two samples of one face differ from two samples of a plane. */
export interface PlaneTest {
  /**
   * How far the nose tip has moved along the eye axis beyond the plane of eyes, brows and mouth, in eye distances of the first
   * sample. Positive: to the right of the picture, the person's left.
   */
  readonly parallax: number;
  /** Sine of the apparent tilt between the samples, from how much the plane's picture was compressed; 0..1. */
  readonly tilt: number;
}

/** Below this tilt, the compression of a plane is lost in landmark noise. */
const LEAST_TILT = 0.17;

/**
 * The non-planarity test. Two pictures of a plane are related by a homography (Hartley & Zisserman, 2nd ed., §13). It is fitted
 * to points near one plane of the face. The nose tip, which is 3 to 5 cm in front of it on a head and in the plane on a
 * photograph, shows the residual. The residual is signed, so it also shows which way a head turned.
 *
 * @returns null if the points determine no homography
 */
export function testPlane(first: readonly Point[], second: readonly Point[]): PlaneTest | null {
  const from = PLANE_POINTS.map((i) => first[i]!);
  const to = PLANE_POINTS.map((i) => second[i]!);
  const h = fitHomography(from, to);
  const map = fitAffine(from, to);
  if (!h || !map) return null;
  const [x, y] = project(h, first[NOSE_TIP]!);
  const tip = second[NOSE_TIP]!;
  const before = eyeAxis(first);
  const after = eyeAxis(second);
  // Growth of a length perpendicular to the eye axis, which turning a head sideways doesn't change.
  const [u, v] = before.axis;
  const growth = Math.hypot(map[1] * u - map[0] * v, map[3] * u - map[2] * v);
  const unit = before.distance * growth;
  if (!(unit > 0)) return null;
  const parallax = ((tip[0] - x) * after.axis[0] + (tip[1] - y) * after.axis[1]) / unit;
  const squeeze = Math.min(1, squeezeOf(map));
  return Number.isFinite(parallax) ? { parallax, tilt: Math.sqrt(1 - squeeze * squeeze) } : null;
}

/** Parallax per unit of apparent tilt: large for a head (its nose moves but its face is hardly compressed), small for paper. */
export const depth = (test: PlaneTest): number => Math.abs(test.parallax) / Math.max(test.tilt, LEAST_TILT);

type Affine = readonly [number, number, number, number];

/** Returns the linear part (row-major 2×2) of the least-squares affine map; null if the points are on one line. */
function fitAffine(from: readonly Point[], to: readonly Point[]): Affine | null {
  const n = from.length;
  let [mx, my, nx, ny] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    mx += from[i]![0] / n;
    my += from[i]![1] / n;
    nx += to[i]![0] / n;
    ny += to[i]![1] / n;
  }
  let [xx, xy, yy, ux, uy, vx, vy] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = from[i]![0] - mx;
    const y = from[i]![1] - my;
    const u = to[i]![0] - nx;
    const v = to[i]![1] - ny;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    ux += u * x;
    uy += u * y;
    vx += v * x;
    vy += v * y;
  }
  const det = xx * yy - xy * xy;
  if (!(det > 1e-9 * xx * yy)) return null;
  return [(ux * yy - uy * xy) / det, (uy * xx - ux * xy) / det, (vx * yy - vy * xy) / det, (vy * xx - vx * xy) / det];
}

/** Returns the smaller over the larger singular value of a 2×2 matrix. */
function squeezeOf([a, b, c, d]: Affine): number {
  const e = Math.hypot(a + d, c - b);
  const f = Math.hypot(a - d, b + c);
  return e + f > 0 ? Math.abs(e - f) / (e + f) : 0;
}
