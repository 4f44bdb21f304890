import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaceFrame } from '../../../electron/contract/frames.ts';
import { CROP_SIDE, laplacianVariance, lumaBehind, lumaStats, planCrop, rgbOf } from './pixels.ts';

const grey = (side: number, of: (x: number, y: number) => number): Uint8ClampedArray => {
  const out = new Uint8ClampedArray(side * side * 4);
  for (let i = 0; i < side * side; i++) out.fill(of(i % side, Math.floor(i / side)), i * 4, i * 4 + 3);
  return out;
};

describe('pixels of a face', () => {
  it('plans every crop inside the frame, square, never enlarged, and acceptable to the contract', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([640, 480] as const, [1280, 720] as const),
        fc.double({ min: -0.4, max: 1.2, noNaN: true }),
        fc.double({ min: -0.4, max: 1.2, noNaN: true }),
        fc.double({ min: 0.02, max: 1.3, noNaN: true }),
        ([width, height], u, v, share) => {
          const size = share * height;
          const { from, side, box } = planCrop([u * width, v * height, size, size], width, height);
          expect(from.x).toBeGreaterThanOrEqual(0);
          expect(from.y).toBeGreaterThanOrEqual(0);
          expect(from.x + from.side).toBeLessThanOrEqual(width);
          expect(from.y + from.side).toBeLessThanOrEqual(height);
          expect(side).toBeLessThanOrEqual(Math.min(from.side, CROP_SIDE));
          // The box is the same area of the frame, seen through the crop.
          const scale = from.side / side;
          expect(from.x + box[0] * scale).toBeCloseTo(u * width, 6);
          expect(from.y + box[1] * scale).toBeCloseTo(v * height, 6);
          const picture = { width: side, height: side, data: new Uint8Array(side * side * 3) };
          expect(FaceFrame.safeParse({ picture, box, others: 0, takenAt: 0 }).success).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('measures what is behind a head, but not its hair or body, and nothing if the face fills the picture', () => {
    // A window beside the head, hair around the face, and a white shirt below the chin.
    const window = grey(24, (x, y) => (y >= 18 ? 255 : x >= 20 ? 200 : x >= 6 ? 90 : 40));
    expect(lumaBehind(window, 24, [7, 6, 12, 12])).toBeCloseTo((3 * 200 + 40) / 4, 0);
    expect(
      lumaBehind(
        grey(24, () => 200),
        24,
        [0, 0, 24, 24],
      ),
    ).toBeNull();
    const lamp = grey(24, (x, y) => (x < 12 && y < 18 ? 30 : 255));
    expect(lumaBehind(lamp, 24, [6, 6, 12, 12])).toBeCloseTo(255, 0);
  });

  it('measures mean and spread of luma', () => {
    const { mean, deviation } = lumaStats(grey(16, (x) => (x % 2 ? 200 : 100)));
    expect(mean).toBeCloseTo(150);
    expect(deviation).toBeCloseTo(50);
  });

  it('rates an edge sharper than the same edge blurred, and a flat wall as not sharp at all', () => {
    const luma = new Float32Array(32 * 32);
    const edge = laplacianVariance(
      grey(32, (x) => (x < 16 ? 40 : 200)),
      32,
      luma,
    );
    const soft = laplacianVariance(
      grey(32, (x) => Math.max(40, Math.min(200, 40 + (x - 8) * 10))),
      32,
      luma,
    );
    expect(edge).toBeGreaterThan(soft * 4);
    expect(
      laplacianVariance(
        grey(32, () => 90),
        32,
        luma,
      ),
    ).toBe(0);
  });

  it('drops alpha and keeps the order of the colours', () => {
    expect([...rgbOf(new Uint8ClampedArray([1, 2, 3, 255, 4, 5, 6, 0]))]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
