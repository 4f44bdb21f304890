import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Box, RgbImage } from './image.ts';
import { mirrorRaster, Taps, warpToRaster, windowToLuma, windowToPlanes } from './pixels.ts';
import { type FaceRecipe, inputShape, rasterOf } from './recipe.ts';

const RAW = { mean: 0, scale: 1 };

/** A picture whose channels are linear in x and y, which bilinear sampling must reproduce. */
function ramp(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([x * 2, y * 3, 50], (y * width + x) * 3);
  }
  return { width, height, data };
}

/** The straightforward method: bilinear, outside counts as `fill`. */
function sample({ width, height, data }: RgbImage, x: number, y: number, channel: number, fill: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const at = (px: number, py: number) =>
    px < 0 || py < 0 || px >= width || py >= height ? fill : data[(py * width + px) * 3 + channel]!;
  const [u, v] = [x - x0, y - y0];
  return (
    (at(x0, y0) * (1 - u) + at(x0 + 1, y0) * u) * (1 - v) + (at(x0, y0 + 1) * (1 - u) + at(x0 + 1, y0 + 1) * u) * v
  );
}

describe('window', () => {
  it('copies the picture if nothing is scaled', () => {
    const image = ramp(20, 12);
    const out = new Float32Array(3 * 20 * 12);
    windowToPlanes(image, [0, 0, 20, 12], 20, 12, RAW, 0, out, new Taps(20));
    for (let i = 0; i < 240; i++) {
      expect([out[i], out[240 + i], out[480 + i]]).toEqual([
        image.data[3 * i],
        image.data[3 * i + 1],
        image.data[3 * i + 2],
      ]);
    }
  });

  it('samples bilinearly, inside the picture and beyond its edges, whatever the buffer contained', () => {
    const image = ramp(24, 18);
    const whole = fc.tuple(
      fc.integer({ min: -30, max: 20 }),
      fc.integer({ min: -30, max: 15 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
    );
    fc.assert(
      fc.property(whole, fc.integer({ min: 0, max: 255 }), (box, fill) => {
        const out = new Float32Array(3 * 16 * 8).fill(Number.NaN);
        const luma = new Float32Array(16 * 8).fill(Number.NaN);
        windowToPlanes(image, box as Box, 16, 8, { mean: 127, scale: 1 / 128 }, fill, out, new Taps(16));
        windowToLuma(image, box as Box, 16, 8, RAW, fill, luma, new Taps(16));
        for (let y = 0; y < 8; y++) {
          for (let x = 0; x < 16; x++) {
            const sx = box[0] + ((x + 0.5) * box[2]) / 16 - 0.5;
            const sy = box[1] + ((y + 0.5) * box[3]) / 8 - 0.5;
            const rgb = [0, 1, 2].map((c) => sample(image, sx, sy, c, fill));
            rgb.forEach((value, c) => {
              expect(out[c * 128 + y * 16 + x]).toBeCloseTo((value - 127) / 128, 4);
            });
            expect(luma[y * 16 + x]).toBeCloseTo(0.299 * rgb[0]! + 0.587 * rgb[1]! + 0.114 * rgb[2]!, 2);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

const RECIPE: FaceRecipe = {
  side: 10,
  channels: 'BGR',
  layout: 'NCHW',
  mean: [122, 117, 104],
  std: [256, 128, 64],
  crop: { template: 'arcface' },
};

describe('warp', () => {
  it.each([
    ['BGR', 'NCHW'],
    ['RGB', 'NCHW'],
    ['BGR', 'NHWC'],
    ['RGB', 'NHWC'],
  ] as const)(
    'samples bilinearly, black outside the picture: %s, %s, each channel with its own mean and std',
    (channels, layout) => {
      const image = ramp(24, 18);
      const number = fc.double({ min: -2, max: 2, noNaN: true });
      const shift = fc.double({ min: -30, max: 30, noNaN: true });
      const recipe = { ...RECIPE, channels, layout };
      expect(inputShape(recipe)).toEqual(layout === 'NCHW' ? [1, 3, 10, 10] : [1, 10, 10, 3]);
      fc.assert(
        fc.property(number, number, shift, shift, (a, b, tx, ty) => {
          const out = new Float32Array(3 * 100).fill(Number.NaN);
          warpToRaster(image, { a, b, tx, ty }, rasterOf(recipe), out);
          for (let y = 0; y < 10; y++) {
            for (let x = 0; x < 10; x++) {
              for (const [place, colour] of (channels === 'RGB' ? [0, 1, 2] : [2, 1, 0]).entries()) {
                const value = sample(image, a * x - b * y + tx, b * x + a * y + ty, colour, 0);
                const at = layout === 'NCHW' ? place * 100 + y * 10 + x : (y * 10 + x) * 3 + place;
                expect(out[at]).toBeCloseTo((value - recipe.mean[colour]!) / recipe.std[colour]!, 4);
              }
            }
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(['NCHW', 'NHWC'] as const)('is mirrored only horizontally, in %s too', (layout) => {
    const image = ramp(30, 24);
    const flipped = {
      ...image,
      data: image.data.map((_, i) => image.data[i - (i % 90) + (29 - Math.floor((i % 90) / 3)) * 3 + (i % 3)]!),
    };
    const raster = rasterOf({
      side: 30,
      channels: 'RGB',
      layout,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
    const [crop, mirrored] = [new Float32Array(2700), new Float32Array(2700)];
    const still = { a: 1, b: 0, tx: 0, ty: 0 };
    warpToRaster(image, still, raster, crop);
    warpToRaster(flipped, still, raster, mirrored);
    mirrorRaster(raster, crop);
    expect(crop).toEqual(mirrored);
  });
});
