import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apply,
  distance,
  fitSimilarity,
  fivePoints,
  invert,
  iou,
  overlapOfSmaller,
  squareAround,
  suppress,
} from './geometry.ts';
import type { Box, Point } from './image.ts';

const coordinate = fc.double({ min: -500, max: 500, noNaN: true });
const point = fc.tuple(coordinate, coordinate);
const box = fc
  .tuple(
    coordinate,
    coordinate,
    fc.double({ min: 1, max: 300, noNaN: true }),
    fc.double({ min: 1, max: 300, noNaN: true }),
  )
  .map((b): Box => b);

describe('similarity', () => {
  it('is recovered from points that it moved', () => {
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 3, maxLength: 8 }).filter((p) => spread(p) > 1),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: -3.1, max: 3.1, noNaN: true }),
        point,
        (points, scale, angle, [tx, ty]) => {
          const truth = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx, ty };
          const found = fitSimilarity(
            points,
            points.map((p) => apply(truth, p)),
          );
          for (const p of points) expect(distance(apply(found, p), apply(truth, p))).toBeLessThan(1e-6);
        },
      ),
    );
  });

  it('never mirrors: mirrored points are fitted only as well as a rotation can', () => {
    const points: Point[] = [
      [0, 0],
      [4, 0],
      [0, 3],
    ];
    const { a, b } = fitSimilarity(
      points,
      points.map(([x, y]): Point => [-x, y]),
    );
    const determinant = a * a + b * b;
    expect(determinant).toBeGreaterThanOrEqual(0);
    expect(determinant).toBeLessThan(1);
  });

  it('has the least squared error: no small change improves it', () => {
    const from: Point[] = [
      [0, 0],
      [10, 1],
      [5, 6],
      [1, 9],
      [9, 10],
    ];
    const to: Point[] = [
      [3, 4],
      [22, 7],
      [11, 17],
      [2, 21],
      [18, 26],
    ];
    const cost = (s: ReturnType<typeof fitSimilarity>) =>
      from.reduce((sum, p, i) => sum + distance(apply(s, p), to[i]!) ** 2, 0);
    const best = fitSimilarity(from, to);
    for (const key of ['a', 'b', 'tx', 'ty'] as const) {
      for (const step of [-0.01, 0.01]) expect(cost({ ...best, [key]: best[key] + step })).toBeGreaterThan(cost(best));
    }
  });

  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(point, point, point, (p, [a, b], [tx, ty]) => {
        fc.pre(Math.hypot(a, b) > 0.01);
        const s = { a, b, tx, ty };
        expect(distance(apply(invert(s), apply(s, p)), p)).toBeLessThan(1e-6 * (1 + distance(p, [0, 0])) + 1e-3);
      }),
    );
    expect(() => invert({ a: 0, b: 0, tx: 1, ty: 1 })).toThrow(RangeError);
  });
});

describe('boxes', () => {
  it('overlap themselves completely, others partly and symmetrically', () => {
    fc.assert(
      fc.property(box, box, (p, q) => {
        expect(iou(p, p)).toBeCloseTo(1, 9);
        expect(iou(p, q)).toBeCloseTo(iou(q, p), 12);
        expect(iou(p, q)).toBeLessThanOrEqual(overlapOfSmaller(p, q) + 1e-12);
      }),
    );
    expect(iou([0, 0, 10, 10], [20, 0, 5, 5])).toBe(0);
    expect(iou([0, 0, 10, 10], [5, 0, 10, 10])).toBeCloseTo(1 / 3);
    expect(overlapOfSmaller([0, 0, 10, 10], [2, 2, 4, 4])).toBe(1);
  });

  it('become squares around their centre', () => {
    expect(squareAround([10, 20, 40, 60])).toEqual([0, 20, 60, 60]);
    expect(squareAround([0, 0, 10, 10], 2)).toEqual([-5, -5, 20, 20]);
  });

  it('are suppressed by score, not by order', () => {
    const faces = [
      { box: [0, 0, 10, 10] as Box, score: 0.7 },
      { box: [1, 0, 10, 10] as Box, score: 0.9 },
      { box: [100, 0, 10, 10] as Box, score: 0.6 },
    ];
    expect(suppress(faces, 0.4).map((f) => f.score)).toEqual([0.9, 0.6]);
  });
});

it('takes five points from 68 in iBUG order', () => {
  const landmarks = Array.from({ length: 68 }, (_, i): Point => [i, 2 * i]);
  expect(fivePoints(landmarks)).toEqual([
    [39, 78],
    [45, 90],
    [30, 60],
    [54, 108],
    [59, 118],
  ]);
  expect(() => fivePoints(landmarks.slice(1))).toThrow(RangeError);
});

function spread(points: readonly Point[]): number {
  return Math.max(...points.map((p) => distance(p, points[0]!)));
}
