import { expect, test } from 'vitest';
import { printedRandom } from '../../../test/chance.ts';
import { type ExposureCapabilities, followsExposure, isSet, planExposure } from './exposure.ts';

const BIAS: ExposureCapabilities = { exposureCompensation: { min: -3, max: 3, step: 0.5 } };
const TIME: ExposureCapabilities = {
  exposureMode: ['manual', 'continuous'],
  exposureTime: { min: 10, max: 100, step: 5 },
};

test('plans compensation if available, otherwise exposure time; nothing without either, or with too small a range', () => {
  expect(planExposure({ ...TIME, ...BIAS }, { exposureCompensation: 0.5, exposureTime: 50 })).toEqual({
    darker: { exposureCompensation: -2 },
    brighter: { exposureCompensation: 2 },
    restored: { exposureCompensation: 0.5 },
  });
  expect(planExposure(TIME, { exposureMode: 'continuous', exposureTime: 40 })).toEqual({
    darker: { exposureMode: 'manual', exposureTime: 20 },
    brighter: { exposureMode: 'manual', exposureTime: 80 },
    restored: { exposureMode: 'continuous' },
  });
  expect(planExposure(TIME, { exposureMode: 'manual', exposureTime: 40 })?.restored).toEqual({
    exposureMode: 'manual',
    exposureTime: 40,
  });
  expect(planExposure({}, {})).toBeNull();
  expect(planExposure({ exposureCompensation: { min: -0.2, max: 0.2 } }, { exposureCompensation: 0 })).toBeNull();
  expect(planExposure({ ...TIME, exposureMode: ['continuous'] }, { exposureTime: 40 })).toBeNull();
});

test('for any capabilities, stays within them and differs by at least one EV', () => {
  const random = printedRandom('ranges');
  const range = () => {
    const min = 200 * random() - 100;
    return { min, max: min + 200 * random(), step: random() };
  };
  const within = (value: number | undefined, { min, max }: { min: number; max: number }) =>
    value === undefined || (value >= min && value <= max);
  for (let i = 0; i < 2_000; i++) {
    const can = { exposureMode: ['manual'], exposureCompensation: range(), exposureTime: range() };
    const plan = planExposure(can, {
      ...(random() < 0.5 && { exposureCompensation: 0 }),
      exposureTime: 200 * random() - 50,
    });
    for (const asked of plan ? [plan.darker, plan.brighter] : []) {
      expect(within(asked.exposureCompensation, can.exposureCompensation)).toBe(true);
      expect(within(asked.exposureTime, can.exposureTime)).toBe(true);
    }
    if (plan?.darker.exposureTime !== undefined)
      expect(plan.brighter.exposureTime! / plan.darker.exposureTime).toBeGreaterThanOrEqual(2);
    else if (plan)
      expect(plan.brighter.exposureCompensation! - plan.darker.exposureCompensation!).toBeGreaterThanOrEqual(1);
  }
});

test('a setting counts as applied if it reads back within one step', () => {
  expect(isSet({ exposureTime: 23 }, { exposureTime: 25 }, TIME)).toBe(true);
  expect(isSet({ exposureTime: 20 }, { exposureTime: 40 }, TIME)).toBe(false);
  expect(isSet({ exposureTime: 20 }, {}, TIME)).toBe(false);
});

test('a camera counts as unresponsive after three failed trials in a row, and never if a change can’t be visible', () => {
  const silent = { darker: 100, brighter: 101 };
  const answer = { darker: 80, brighter: 130 };
  expect(followsExposure([])).toBeNull();
  expect(followsExposure([silent, silent])).toBeNull();
  expect(followsExposure([silent, silent, silent])).toBe(false);
  expect(followsExposure([answer])).toBe(true);
  expect(followsExposure([silent, answer, silent])).toBe(true);
  expect(followsExposure([answer, silent, silent, silent])).toBe(false);
  // It got darker because a lamp went off. That doesn't count as a response.
  expect(followsExposure([{ darker: 130, brighter: 80 }, silent, silent])).toBe(false);
  const night = { darker: 3, brighter: 4 };
  const glare = { darker: 250, brighter: 251 };
  expect(followsExposure([night, glare, night, glare, night, glare])).toBeNull();
});
