import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillOf, frameSegments } from './ring-shape.ts';

describe('the ring', () => {
  it('goes once around without a gap, at any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 2000 }), fc.integer({ min: 50, max: 2000 }), (w, h) => {
        const segments = frameSegments(w, h, Math.min(w, h) * 0.11, 4);
        expect(segments[0]!.from).toBe(0);
        expect(segments.at(-1)!.to).toBeCloseTo(1, 9);
        for (let i = 1; i < segments.length; i++) {
          expect(segments[i]!.from).toBe(segments[i - 1]!.to);
          // Each piece begins where the one before it ends.
          const end = segments[i - 1]!.path.match(/([\d.]+) ([\d.]+)$/)!
            .slice(1)
            .map(Number);
          const start = segments[i]!.path.match(/^M([\d.]+) ([\d.]+)/)!
            .slice(1)
            .map(Number);
          expect(start[0]).toBeCloseTo(end[0]!, 6);
          expect(start[1]).toBeCloseTo(end[1]!, 6);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is empty at 0, full at 1, and its filled length is the progress', () => {
    const segments = frameSegments(800, 1000, 90, 7);
    for (const progress of [0, 0.13, 0.5, 0.77, 1]) {
      const filled = segments.reduce((sum, s) => sum + fillOf(s, progress) * (s.to - s.from), 0);
      expect(filled).toBeCloseTo(progress, 2);
    }
    const half = segments.map((s) => fillOf(s, 0.5));
    expect(half.slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(half.slice(5)).toEqual([0, 0, 0, 0]);
    expect(segments.every((s) => fillOf(s, 0) === 0)).toBe(true);
    expect(segments.every((s) => fillOf(s, 1) === 1)).toBe(true);
  });
});
