import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jitter, project as sample, seeded } from '../../../test/liveness/heads.ts';
import type { Point } from '../image.ts';
import { fitHomography, project } from './homography.ts';
import { depth, testPlane } from './plane.ts';

const far = (p: Point, q: Point): number => Math.hypot(p[0] - q[0], p[1] - q[1]);
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true, noDefaultInfinity: true });

describe('the homography', () => {
  test('maps the points of any plane exactly, whatever its tilt and distance', () => {
    fc.assert(
      fc.property(number(-60, 60), number(-30, 30), number(-40, 40), number(250, 900), (yaw, pitch, roll, distance) => {
        const from = sample({ yaw: 0, solid: 0 });
        const to = sample({ yaw, pitch, roll, distance, solid: 0 });
        const h = fitHomography(from, to)!;
        expect(Math.max(...from.map((p, i) => far(project(h, p), to[i]!)))).toBeLessThan(1e-3);
      }),
      { numRuns: 100 },
    );
  });

  test('does not exist for fewer than four points, or points on a line', () => {
    const points = sample({ yaw: 0 });
    expect(fitHomography(points.slice(0, 3), points.slice(0, 3))).toBeNull();
    const line = Array.from({ length: 8 }, (_, i): Point => [i * 10, i * 20]);
    expect(fitHomography(line, line)).toBeNull();
    const one = Array.from({ length: 8 }, (): Point => [5, 5]);
    expect(fitHomography(one, one)).toBeNull();
  });
});

describe('the non-planarity test', () => {
  test('finds no parallax in a photograph, however it is turned, moved or held', () => {
    fc.assert(
      fc.property(number(-50, 50), number(-25, 25), number(-30, 30), number(250, 900), (yaw, pitch, roll, distance) => {
        const test = testPlane(sample({ yaw: 0, solid: 0 }), sample({ yaw, pitch, roll, distance, solid: 0 }))!;
        expect(Math.abs(test.parallax)).toBeLessThan(1e-3);
      }),
      { numRuns: 200 },
    );
  });

  test('finds parallax in a head, with the sign of the turn’s direction, more than enough at 20°', () => {
    for (const yaw of [-30, -20, 20, 30]) {
      const test = testPlane(sample({ yaw: 0 }), sample({ yaw }))!;
      expect(Math.sign(test.parallax)).toBe(Math.sign(yaw));
      expect(Math.abs(test.parallax)).toBeGreaterThan(0.12);
      expect(depth(test)).toBeGreaterThan(0.3);
    }
  });

  test('does not mistake coming closer, moving aside or tilting the head for a turn', () => {
    const straight = sample({ yaw: 0 });
    for (const moved of [{ distance: 380 }, { x: 60 }, { roll: 20 }]) {
      expect(Math.abs(testPlane(straight, sample({ yaw: 0, ...moved }))!.parallax)).toBeLessThan(0.08);
    }
  });

  test('distinguishes a photograph from a head if landmarks are off by a pixel', () => {
    const random = seeded(1);
    for (let i = 0; i < 50; i++) {
      const flat = testPlane(
        jitter(sample({ yaw: 0, solid: 0 }), 1, random),
        jitter(sample({ yaw: 40, solid: 0 }), 1, random),
      )!;
      const head = testPlane(jitter(sample({ yaw: 0 }), 1, random), jitter(sample({ yaw: 22 }), 1, random))!;
      expect(Math.abs(flat.parallax)).toBeLessThan(0.09);
      expect(head.parallax).toBeGreaterThan(0.09);
    }
  });

  test('measures how far a plane was tilted', () => {
    for (const yaw of [20, 40, 60]) {
      const { tilt } = testPlane(sample({ yaw: 0, solid: 0 }), sample({ yaw, solid: 0 }))!;
      expect(tilt).toBeCloseTo(Math.sin((yaw * Math.PI) / 180), 1);
    }
  });
});
