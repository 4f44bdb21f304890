import { describe, expect, it } from 'vitest';
import { detection, face, sample } from '../../../test/kit/detections.ts';
import { explained, headOf, judge, readiness } from './guide.ts';

const reasonOf = (f: Parameters<typeof face>[0], light = {}, speed = 0) => {
  const one = face(f);
  return judge(detection(0, [one], sample(one, light)), sample(one, light), speed, 'straight');
};

describe('guidance before the core judges', () => {
  it('finds nothing wrong with a face that is centred, near, lit, straight and still', () => {
    expect(reasonOf({})).toBeNull();
  });

  it.each([
    ['too-far', { size: 70 }, {}, 0],
    ['too-close', { size: 460 }, {}, 0],
    ['off-centre', { x: 560 }, {}, 0],
    ['too-dark', {}, { brightness: 20 }, 0],
    ['too-bright', {}, { brightness: 250 }, 0],
    ['backlit', {}, { brightness: 20, around: 200 }, 0],
    ['backlit', {}, { contrast: 5, brightness: 45, around: 200 }, 0],
    ['too-dark', {}, { brightness: 20, around: 60 }, 0],
    ['too-dark', {}, { brightness: 20, around: null }, 0],
    ['low-contrast', {}, { contrast: 5 }, 0],
    ['turned', { turn: 0.6 }, {}, 0],
    ['turned', { turn: -0.6 }, {}, 0],
    ['tilted', { tilt: 40 }, {}, 0],
    ['blurred', {}, { sharpness: 2 }, 0],
    ['blurred', {}, {}, 3],
  ] as const)('reports %s', (reason, f, light, speed) => {
    expect(reasonOf(f, light, speed)).toBe(reason);
  });

  it('asks for nothing if the face is good enough, however bright the background', () => {
    expect(reasonOf({}, { brightness: 45, contrast: 12, around: 250 })).toBeNull();
  });

  it('explains the core’s reason by backlight, too', () => {
    const lit = sample(face(), { brightness: 42, around: 210 });
    expect(explained('too-dark', lit)).toBe('backlit');
    expect(explained('turned', lit)).toBe('turned');
    expect(explained(null, lit)).toBeNull();
  });

  it('asks for one at a time if two stand side by side, but not because of people who wait behind or pass by', () => {
    const beside = (size: number) =>
      judge(detection(0, [face(), face({ x: 60, size })]), sample(face()), 0, 'straight');
    expect(beside(125)).toBe('several-faces');
    expect(beside(115)).toBeNull();
    expect(beside(40)).toBeNull();
  });

  it('distinguishes a covered lens from an empty hall', () => {
    const dark = { frame: { mean: 4, deviation: 1 }, face: null, crop: null };
    expect(judge(detection(0, [], dark), dark, 0, 'straight')).toBe('covered');
    expect(judge(detection(0, [], sample(null)), sample(null), 0, 'straight')).toBe('no-face');
  });

  it('accepts a turned, moving head if a turn was requested', () => {
    const turned = face({ turn: 0.8, tilt: 35 });
    expect(judge(detection(0, [turned]), sample(turned, { sharpness: 2 }), 4, 'any')).toBeNull();
  });

  it('does not mistake a tilted head for a turned one', () => {
    expect(Math.abs(headOf(face({ tilt: 30 })).turn)).toBeLessThan(0.01);
    expect(headOf(face({ tilt: 30 })).tilt).toBeCloseTo(30);
  });

  it('fills the ring in the order of the checks', () => {
    const order = ['no-face', 'several-faces', 'too-far', 'off-centre', 'too-dark', 'turned', 'blurred', null];
    const rings = order.map((reason) => readiness(reason));
    expect(rings).toEqual([...rings].sort((a, b) => a - b));
    expect(rings.at(-1)).toBe(1);
  });
});
