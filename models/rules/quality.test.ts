import { describe, expect, it } from 'vitest';
import { project } from '../../test/liveness/heads.ts';
import type { Point, RgbImage } from './image.ts';
import { headPose } from './pose.ts';
import {
  CHECKIN_QUALITY,
  ENROLMENT_QUALITY,
  type FaceQuality,
  judgeQuality,
  measureQuality,
  qualityScore,
} from './quality.ts';

const GOOD: FaceQuality = {
  size: 200,
  brightness: 130,
  contrast: 40,
  sharpness: 200,
  yaw: 2,
  pitch: -3,
  roll: 1,
  visible: 0.97,
};

describe('the score of a picture', () => {
  it('is 50 if enrolment just accepts it, for every measure, and 100 at best', () => {
    const { minSize, minBrightness, maxBrightness, minContrast, minSharpness, minVisible } = ENROLMENT_QUALITY;
    const best = { ...GOOD, size: 400, visible: 1 };
    expect(qualityScore(best)).toBe(100);
    for (const weakest of [
      { size: minSize },
      { brightness: minBrightness },
      { brightness: maxBrightness },
      { contrast: minContrast },
      { sharpness: minSharpness },
      { visible: minVisible },
    ])
      expect(qualityScore({ ...best, ...weakest }), Object.keys(weakest)[0]).toBe(50);
    expect([qualityScore({ ...best, sharpness: 0 }), qualityScore({ ...best, yaw: 40 })]).toEqual([0, 100]);
  });
});

describe('judgement', () => {
  it('accepts a good face', () => {
    expect(judgeQuality(GOOD, CHECKIN_QUALITY)).toBeNull();
    expect(
      judgeQuality(GOOD, ENROLMENT_QUALITY, {
        faces: 1,
        frame: { width: 640, height: 480 },
        box: [220, 140, 200, 200],
      }),
    ).toBeNull();
  });

  it.each([
    ['too-far', { size: 40 }],
    ['too-dark', { brightness: 20 }],
    ['too-bright', { brightness: 250 }],
    ['low-contrast', { contrast: 5 }],
    ['turned', { yaw: -50 }],
    ['turned', { yaw: 50 }],
    ['tilted', { pitch: 40 }],
    ['tilted', { pitch: -40 }],
    ['tilted', { roll: -50 }],
    ['tilted', { roll: 50 }],
    ['blurred', { sharpness: 2 }],
    ['occluded', { visible: 0.1 }],
  ] as const)('reports %s for %j', (reason, change) => {
    expect(judgeQuality({ ...GOOD, ...change }, CHECKIN_QUALITY)).toBe(reason);
    expect(judgeQuality({ ...GOOD, ...change }, ENROLMENT_QUALITY)).toBe(reason);
  });

  it('judges only what is known about the frame', () => {
    const frame = { width: 640, height: 480 };
    expect(judgeQuality(GOOD, CHECKIN_QUALITY, { faces: 0 })).toBe('no-face');
    expect(judgeQuality(GOOD, CHECKIN_QUALITY, { faces: 2 })).toBe('several-faces');
    expect(judgeQuality(GOOD, CHECKIN_QUALITY, { frame, box: [100, 0, 440, 470] })).toBe('too-close');
    expect(judgeQuality(GOOD, CHECKIN_QUALITY, { frame, box: [0, 0, 200, 200] })).toBe('off-centre');
  });

  it('reports one problem at a time: light before sharpness', () => {
    expect(judgeQuality({ ...GOOD, sharpness: 0, brightness: 5 }, CHECKIN_QUALITY)).toBe('too-dark');
  });

  it('accepts no NaN', () => {
    for (const key of Object.keys(GOOD) as (keyof FaceQuality)[]) {
      expect(judgeQuality({ ...GOOD, [key]: Number.NaN }, CHECKIN_QUALITY), key).not.toBeNull();
    }
  });
});

describe('head pose', () => {
  // Not the head that is fitted: flat eyes and mouth, a protruding nose.
  const HEAD: Record<number, [number, number, number]> = {
    36: [-5, 5, 4],
    39: [-1.8, 5, 4.4],
    42: [1.8, 5, 4.4],
    45: [5, 5, 4],
    27: [0, 5.2, 5.5],
    30: [0, 2, 8.3],
    31: [-2, 1.3, 6],
    35: [2, 1.3, 6],
    48: [-2.6, -2.2, 5],
    54: [2.6, -2.2, 5],
  };
  function projected(yaw: number, pitch: number, roll: number): Point[] {
    const [cy, sy] = [Math.cos((yaw * Math.PI) / 180), Math.sin((yaw * Math.PI) / 180)];
    const [cp, sp] = [Math.cos((pitch * Math.PI) / 180), Math.sin((pitch * Math.PI) / 180)];
    const [cr, sr] = [Math.cos((roll * Math.PI) / 180), Math.sin((roll * Math.PI) / 180)];
    return Array.from({ length: 68 }, (_, i): Point => {
      const [x, y, z] = HEAD[i] ?? [0, 0, 0];
      const turned = [cy * x + sy * z, y, -sy * x + cy * z] as const;
      const up = [turned[0], cp * turned[1] + sp * turned[2]] as const;
      const [px, py] = [up[0], -up[1]];
      return [300 + 20 * (cr * px - sr * py), 200 + 20 * (sr * px + cr * py)];
    });
  }

  it.each([
    [0, 0, 0],
    [20, 0, 0],
    [-30, 0, 0],
    [0, 15, 0],
    [0, -20, 0],
    [0, 0, 25],
    [0, 0, -40],
    [20, -10, 15],
  ])('finds yaw %d, pitch %d, roll %d to within a few degrees', (yaw, pitch, roll) => {
    const found = headPose(projected(yaw, pitch, roll));
    expect(Math.abs(found.yaw - yaw)).toBeLessThan(6);
    expect(Math.abs(found.pitch - pitch)).toBeLessThan(8);
    expect(Math.abs(found.roll - roll)).toBeLessThan(6);
  });

  it('has a large misfit for landmarks that are not a head', () => {
    const scattered = Array.from({ length: 68 }, (_, i): Point => [(i * 37) % 101, (i * 61) % 89]);
    expect(headPose(scattered).misfit).toBeGreaterThan(3 * headPose(projected(10, 5, 0)).misfit);
    expect(headPose(Array.from({ length: 68 }, (): Point => [5, 5])).misfit).toBe(Infinity);
  });
});

describe('measures', () => {
  const plain = (value: (x: number, y: number) => number): RgbImage => {
    const data = new Uint8Array(200 * 200 * 3);
    for (let i = 0; i < 200 * 200; i++) data.fill(value(i % 200, Math.floor(i / 200)), 3 * i, 3 * i + 3);
    return { width: 200, height: 200, data };
  };
  const landmarks = Array.from({ length: 68 }, (_, i): Point => [50 + i, 100]);
  const measure = (image: RgbImage) => measureQuality(image, [44, 44, 112, 112], landmarks);

  it('gives brightness and contrast in bytes', () => {
    expect(measure(plain(() => 90))).toMatchObject({ size: 112 });
    expect(measure(plain(() => 90)).brightness).toBeCloseTo(90, 3);
    expect(measure(plain(() => 90)).contrast).toBeCloseTo(0, 1);
    expect(measure(plain((x) => (x % 2 ? 80 : 120))).contrast).toBeCloseTo(20, 0);
  });

  it('measures fine stripes as sharper than wide soft ones', () => {
    const fine = measure(plain((x) => 128 + 60 * Math.sin(x * 1.5))).sharpness;
    const soft = measure(plain((x) => 128 + 60 * Math.sin(x * 0.1))).sharpness;
    expect(fine).toBeGreaterThan(20 * soft);
  });

  it('lowers visibility for parts outside the picture, and for landmarks that fit no head', () => {
    const head = project({ yaw: 0 }).map(([x, y]): Point => [x / 3.2, y / 2.6]);
    const picture = plain((x, y) => 128 + 60 * Math.sin(x * 0.4) * Math.cos(y * 0.5));
    const visible = (points: readonly Point[], left = 50) =>
      measureQuality(picture, [left, 40, 100, 100], points).visible;
    expect(visible(head)).toBeGreaterThan(0.5);
    expect(
      visible(
        head.map(([x, y]): Point => [x - 100, y]),
        -50,
      ),
    ).toBeLessThan(0.6 * visible(head));
    expect(visible(head.map((_, i) => head[(i * 7) % 68]!))).toBeLessThan(0.1);
  });

  it('counts landmarks outside the picture as not visible', () => {
    const outside = landmarks.map(([x, y]): Point => [x - 1000, y]);
    expect(
      measureQuality(
        plain(() => 90),
        [44, 44, 112, 112],
        outside,
      ).visible,
    ).toBe(0);
  });
});
