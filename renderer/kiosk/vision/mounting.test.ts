import { expect, it } from 'vitest';
import { detection, face, HEIGHT, sample } from '../../../test/kit/detections.ts';
import { type MountingNumbers, middleOf, mountingOf, numbersOf } from './mounting.ts';

const GOOD = { light: null, height: null, distance: null };
const look = (f: Parameters<typeof face>[0], light = {}) => {
  const one = face(f);
  return mountingOf(numbersOf(detection(0, [one]), sample(one, light))!);
};

it.each([
  ['no problem for a lit face, at eye height and near', {}, {}, GOOD],
  ['light from behind', {}, { brightness: 60, around: 180 }, { ...GOOD, light: 'backlit' }],
  ['too little light', {}, { brightness: 60, around: 70 }, { ...GOOD, light: 'dark' }],
  ['glare', {}, { brightness: 225 }, { ...GOOD, light: 'bright' }],
  ['no problem for a lit face before a bright wall', {}, { brightness: 90, around: 250 }, GOOD],
  ['a camera too low', { y: 0.2 * HEIGHT }, {}, { ...GOOD, height: 'low' }],
  ['a camera too high', { y: 0.75 * HEIGHT }, {}, { ...GOOD, height: 'high' }],
  ['people too far', { size: 0.15 * HEIGHT, y: 200 }, {}, { ...GOOD, distance: 'far' }],
  ['people too near', { size: 0.7 * HEIGHT, y: 260 }, {}, { ...GOOD, distance: 'near' }],
] as const)('the mounting check reports %s', (_, f, light, expected) => {
  expect(look(f, light)).toEqual(expected);
});

it('gives no numbers for nobody, several people, or a face whose light was not measured', () => {
  const one = face();
  expect(numbersOf(detection(0, []), sample(null))).toBeNull();
  expect(numbersOf(detection(0, [one, face({ x: 500 })]), sample(one))).toBeNull();
  expect(numbersOf(detection(0, [one]), null)).toBeNull();
  expect(middleOf([])).toBeNull();
});

it('uses the median of several frames', () => {
  const frame = (face: number, behind: number | null): MountingNumbers => ({
    face,
    behind,
    share: 0.4,
    eyes: 0.4,
    size: 200,
  });
  expect(middleOf([frame(120, null), frame(20, 90), frame(130, 100), frame(110, 80), frame(240, null)])).toEqual(
    frame(120, 90),
  );
});
