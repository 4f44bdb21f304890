import type { Point } from '../image.ts';

/** A plane-to-plane projective map, row-major 3×3. */
export type Homography = readonly [number, number, number, number, number, number, number, number, number];

type Eight = [number, number, number, number, number, number, number, number];

/** Returns where `h` maps a point. */
export function project(h: Homography, [x, y]: Point): Point {
  const w = h[6] * x + h[7] * y + h[8];
  return [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w];
}

/** Returns the similarity that moves points to mean 0 and mean distance √2 (Hartley's normalisation); null if they coincide. */
function normalising(points: readonly Point[]): { scale: number; x: number; y: number } | null {
  let x = 0;
  let y = 0;
  for (const p of points) {
    x += p[0] / points.length;
    y += p[1] / points.length;
  }
  let spread = 0;
  for (const p of points) spread += Math.hypot(p[0] - x, p[1] - y) / points.length;
  return spread > 1e-9 ? { scale: Math.SQRT2 / spread, x, y } : null;
}

/**
 * Solves the symmetric positive definite system `a·x = b` of size n in place by Cholesky's method. Returns false if `a` is
 * singular to working precision.
 */
function solve(a: Float64Array, b: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      if (i === j) {
        if (!(sum > 1e-10)) return false;
        a[j * n + j] = Math.sqrt(sum);
      } else a[i * n + j] = sum / a[j * n + j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= a[i * n + k]! * b[k]!;
    b[i] = sum / a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let k = i + 1; k < n; k++) sum -= a[k * n + i]! * b[k]!;
    b[i] = sum / a[i * n + i]!;
  }
  return true;
}

/**
 * Returns the least-squares homography from `from` to `to` by the normalised direct linear transform with h33 = 1 (Hartley and
 * Zisserman, Multiple View Geometry, 2nd ed., algorithm 4.2). The inhomogeneous form is safe here, since the vanishing line of a
 * face never passes through the middle of the points.
 *
 * @returns null for fewer than four pairs, or points on one line
 */
export function fitHomography(from: readonly Point[], to: readonly Point[]): Homography | null {
  const count = Math.min(from.length, to.length);
  if (count < 4) return null;
  const s = normalising(from);
  const t = normalising(to);
  if (!s || !t) return null;
  const n = 8;
  const a = new Float64Array(n * n);
  const b = new Float64Array(n);
  const rowX = new Float64Array(n);
  const rowY = new Float64Array(n);
  const add = (row: Float64Array, value: number) => {
    for (let i = 0; i < n; i++) {
      if (row[i] === 0) continue;
      b[i]! += row[i]! * value;
      for (let j = 0; j <= i; j++) a[i * n + j]! += row[i]! * row[j]!;
    }
  };
  for (let k = 0; k < count; k++) {
    const x = (from[k]![0] - s.x) * s.scale;
    const y = (from[k]![1] - s.y) * s.scale;
    const u = (to[k]![0] - t.x) * t.scale;
    const v = (to[k]![1] - t.y) * t.scale;
    rowX.set([x, y, 1, 0, 0, 0, -u * x, -u * y]);
    rowY.set([0, 0, 0, x, y, 1, -v * x, -v * y]);
    add(rowX, u);
    add(rowY, v);
  }
  if (!solve(a, b, n)) return null;
  // Undoes the normalisation: T⁻¹ · H · S.
  const [h0, h1, h2, h3, h4, h5, h6, h7] = Array.from(b) as Eight;
  const k = s.scale;
  const hs = [
    [h0 * k, h1 * k, h2 - k * (h0 * s.x + h1 * s.y)],
    [h3 * k, h4 * k, h5 - k * (h3 * s.x + h4 * s.y)],
    [h6 * k, h7 * k, 1 - k * (h6 * s.x + h7 * s.y)],
  ] as const;
  const i = 1 / t.scale;
  return [
    i * hs[0][0] + t.x * hs[2][0],
    i * hs[0][1] + t.x * hs[2][1],
    i * hs[0][2] + t.x * hs[2][2],
    i * hs[1][0] + t.y * hs[2][0],
    i * hs[1][1] + t.y * hs[2][1],
    i * hs[1][2] + t.y * hs[2][2],
    hs[2][0],
    hs[2][1],
    hs[2][2],
  ];
}
