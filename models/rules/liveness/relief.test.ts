import { describe, expect, test } from 'vitest';
import { printedRandom } from '../../../test/chance.ts';
import { challengeOf, observation, seeded, turning } from '../../../test/liveness/heads.ts';
import { cropOf, type Surface } from '../../../test/liveness/surfaces.ts';
import { FR_FEATURE } from '../decision.ts';
import type { Point, RgbImage } from '../image.ts';
import { followPoint, pyramidOf } from './flow.ts';
import { startLiveness } from './liveness.ts';
import { reliefCrop, trackRelief } from './relief.ts';
import { eyeAxis } from './shape.ts';

describe('a point is followed', () => {
  const picture = (dx: number, dy: number, light = 1) => {
    const [width, height] = [96, 80];
    const data = new Float32Array(width * height);
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [(i % width) - dx, Math.floor(i / width) - dy];
      data[i] = light * (128 + 40 * Math.sin(x / 3) * Math.cos(y / 4) + 30 * Math.sin((x + 2 * y) / 7));
    }
    return pyramidOf({ width, height, data });
  };
  test.each([
    [0, 0],
    [0.5, -0.3],
    [2.2, 1.7],
    [-4.5, 3.1],
  ])('to a fifth of a pixel, moved by %d and %d, also when the light changes', (dx, dy) => {
    for (const light of [1, 0.94]) {
      const [x, y] = followPoint(picture(0, 0), picture(dx, dy, light), 48, 40)!;
      expect(Math.hypot(x - 48 - dx, y - 40 - dy)).toBeLessThan(0.2);
    }
  });

  test('not where there is nothing to hold on to, and not into another picture', () => {
    const plain = pyramidOf({ width: 96, height: 80, data: new Float32Array(96 * 80).fill(120) });
    expect(followPoint(plain, plain, 48, 40)).toBeNull();
    expect(followPoint(picture(0, 0), plain, 48, 40)).toBeNull();
  });
});

describe('relief', () => {
  const turned = (surface: Surface, to: number, light = 1): number | null => {
    const tracker = trackRelief(cropOf(surface, 0));
    for (let share = 0.25; share < 1.01; share += 0.25)
      tracker.see(cropOf(surface, share * to, 1 + share * (light - 1)));
    return tracker.relief();
  };

  test('of a head that turns shows in its pixels, to the side it turns to', () => {
    for (const light of [1, 0.85]) {
      expect(turned('head', 25, light)!).toBeGreaterThan(0.02);
      expect(turned('head', -25, light)!).toBeLessThan(-0.02);
    }
  });

  test.each<Surface>(['flat', { radius: 200 }, { radius: 120 }, { radius: 80 }])('paper has none: %j', (surface) => {
    for (const to of [25, -25]) expect(Math.abs(turned(surface, to)!)).toBeLessThan(0.01);
  });

  test('nothing is said where too few points could be followed', () => {
    const tracker = trackRelief(cropOf('head', 0));
    tracker.see(cropOf('head', 80));
    expect(tracker.relief()).toBeNull();
  });
});

test('a crop is the face upright and at one size, however it is in the picture', () => {
  const landmarks = Array.from(
    { length: 68 },
    (_, i): Point => [100 + (i % 17) * 5, 60 + Math.floor(i / 17) * 25 + (i % 3)],
  );
  landmarks.fill([120, 90], 36, 42);
  landmarks.fill([160, 90], 42, 48);
  const [width, height] = [320, 240];
  const image: RgbImage = { width, height, data: new Uint8Array(width * height * 3).fill(77) };
  const crop = reliefCrop(image, landmarks);
  const wide = reliefCrop(
    { ...image },
    landmarks.map(([x, y]): Point => [2 * x - 100, 2 * y - 50]),
  );
  expect(eyeAxis(wide.landmarks).distance).toBeCloseTo(eyeAxis(crop.landmarks).distance, 5);
  expect(crop.pyramid[0].data.every((v) => Math.abs(v - 77) < 0.01)).toBe(true);
});

test('landmarks that show a head are not enough: a turn whose pixels move as bent paper does not pass', () => {
  const turn = (surface: Surface) => {
    const random = seeded(7);
    const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
    return turning(25)
      .map((motion) => session.observe({ ...observation(motion, random), crop: cropOf(surface, motion.yaw) }))
      .at(-1)!.state;
  };
  expect(turn('head')).toBe('passed');
  expect(turn({ radius: 80 })).toBe('going');
});

test('whatever the pixels are, relief is a number or null', () => {
  const random = printedRandom('pixels');
  const { landmarks } = cropOf('flat', 0);
  const noise = (levels: number) => {
    const data = Float32Array.from({ length: 152 * 152 }, () => Math.floor(random() * levels) * (255 / levels));
    return { pyramid: pyramidOf({ width: 152, height: 152, data }), landmarks };
  };
  for (const levels of [1, 2, 256]) {
    const tracker = trackRelief(noise(levels));
    tracker.see(noise(levels));
    const relief = tracker.relief();
    expect(relief === null || Number.isFinite(relief)).toBe(true);
  }
});
