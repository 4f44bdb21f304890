import { describe, expect, it } from 'vitest';
import { KIND_NAMES } from './kinds.ts';
import { minimumOf, planFaults } from './plan.ts';

describe('the plan of a fault run', () => {
  it('contains every kind as often as promised, and has the requested length', () => {
    for (const count of [40, 200, 1000]) {
      const plan = planFaults(count, 7);
      expect(plan).toHaveLength(count);
      for (const kind of KIND_NAMES)
        expect(plan.filter((k) => k === kind).length, `${kind} of ${count}`).toBeGreaterThanOrEqual(minimumOf(count));
    }
  });

  it('depends only on the seed', () => {
    expect(planFaults(200, 1)).toEqual(planFaults(200, 1));
    expect(planFaults(200, 1)).not.toEqual(planFaults(200, 2));
  });

  it('refuses a run too short to be meaningful', () => {
    expect(() => planFaults(5, 1)).toThrow(RangeError);
  });
});
