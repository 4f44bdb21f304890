import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Calibration,
  type DecisionPolicy,
  decide,
  decideVerification,
  estimatedFpir,
  FR_FEATURE,
  fmrAt,
  leeway,
  thresholdAt,
  thresholdFor,
} from './decision.ts';

const POLICY: DecisionPolicy = { targetFpir: 0.001, calibratedPeople: 1000, calibration: FR_FEATURE };
const { curve } = FR_FEATURE;
/** An embedder whose scores are in the range of dlib's. */
const OTHER: Calibration = {
  verification: 0.92,
  curve: [
    { threshold: 0.9, fmr: 1e-2 },
    { threshold: 0.95, fmr: 1e-5 },
  ],
};
const size = (people: number, perPerson = 1) => ({ people, templates: people * perPerson });
const scores = (best: number | null, second: number | null = null) => ({
  best: best === null ? null : { score: best },
  second: second === null ? null : { score: second },
});

describe('threshold by gallery size', () => {
  it('reproduces the numbers it was derived from', () => {
    expect(estimatedFpir(0.5, 4000, curve)).toBeCloseTo(0.03, 6);
    expect(estimatedFpir(0.547, 4000, curve)).toBeCloseTo(0.01, 6);
    expect(thresholdFor(size(4000), { ...POLICY, targetFpir: 0.03 })).toBeCloseTo(0.5, 6);
    expect(thresholdFor(size(4000), { ...POLICY, targetFpir: 0.01 })).toBeCloseTo(0.547, 6);
  });

  it('rises with every template searched, and with a stricter target', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 500_000 }),
        fc.double({ min: 1e-5, max: 0.02, noNaN: true }),
        (n, fpir) => {
          const policy = { ...POLICY, targetFpir: fpir };
          const t = thresholdFor({ people: n, templates: n }, policy);
          expect(thresholdFor({ people: n, templates: 2 * n }, policy)).toBeGreaterThanOrEqual(t);
          expect(thresholdFor({ people: n, templates: n }, { ...policy, targetFpir: fpir / 2 })).toBeGreaterThanOrEqual(
            t,
          );
          if (t < 1) expect(estimatedFpir(t, n, curve)).toBeLessThanOrEqual(fpir * 1.000001);
        },
      ),
    );
  });

  it('never falls below the 1:1 threshold, however few are enrolled', () => {
    expect(thresholdFor(size(0), POLICY)).toBe(0.45);
    expect(thresholdFor(size(1), { ...POLICY, targetFpir: 0.05 })).toBe(0.45);
  });

  it('is the inverse of its curve', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.36, max: 0.95, noNaN: true }), (t) => {
        expect(thresholdAt(fmrAt(t, curve), curve)).toBeCloseTo(t, 9);
      }),
    );
  });

  it('grows with the templates searched, not only with the people, and stays a valid score', () => {
    const few = thresholdFor({ people: 500, templates: 500 }, POLICY);
    expect(thresholdFor({ people: 500, templates: 4000 }, POLICY)).toBeGreaterThan(few + 0.05);
    expect(thresholdFor({ people: 1e9, templates: 1e12 }, { ...POLICY, targetFpir: 1e-12 })).toBe(1);
    expect(fmrAt(-1, curve)).toBe(1);
  });

  it('rejects an invalid policy or curve', () => {
    for (const short of [[], curve.slice(0, 1)])
      expect(() => thresholdFor(size(10), { ...POLICY, calibration: { ...FR_FEATURE, curve: short } })).toThrow(
        'two points or more',
      );
    for (const targetFpir of [0, 1, -1, Number.NaN]) {
      expect(() => thresholdFor(size(10), { ...POLICY, targetFpir })).toThrow(RangeError);
    }
    const rising = [
      { threshold: 0.4, fmr: 1e-4 },
      { threshold: 0.5, fmr: 1e-3 },
    ];
    expect(() => thresholdFor(size(10), { ...POLICY, calibration: { ...FR_FEATURE, curve: rising } })).toThrow(
      RangeError,
    );
  });
});

describe('decision 1:N', () => {
  const gallery = size(500, 2);
  const threshold = thresholdFor(gallery, POLICY);

  it('accepts the best person if above the threshold and well ahead', () => {
    expect(decide(scores(threshold + 0.01, 0.3), gallery, POLICY)).toMatchObject({ kind: 'accept', threshold });
    expect(decide(scores(0.9), gallery, POLICY)).toEqual({ kind: 'accept', threshold, margin: null });
    expect(decide(scores(threshold), gallery, POLICY).kind).toBe('accept');
  });

  it('is uncertain if two people’s scores are too close, however high both score', () => {
    expect(decide(scores(0.95, 0.9), gallery, POLICY).kind).toBe('uncertain');
  });

  it('is uncertain just below the threshold, and unknown far below it', () => {
    expect(decide(scores(threshold - 0.001), gallery, POLICY).kind).toBe('uncertain');
    expect(decide(scores(threshold - 0.2), gallery, POLICY).kind).toBe('unknown');
    expect(decide(scores(null), size(0), POLICY).kind).toBe('unknown');
  });

  it('accepts nobody if the gallery is larger than calibrated for', () => {
    expect(decide(scores(0.99, 0.1), size(1000), POLICY).kind).toBe('accept');
    expect(decide(scores(0.99, 0.1), size(1001), POLICY).kind).toBe('too-many-people');
  });

  it('never accepts NaN scores', () => {
    expect(decide(scores(Number.NaN, 0.1), gallery, POLICY).kind).toBe('unknown');
    expect(decide(scores(0.9, Number.NaN), gallery, POLICY).kind).toBe('uncertain');
    expect(() => decide(scores(0.9), { people: Number.NaN, templates: 3 }, POLICY)).toThrow(RangeError);
    expect(decideVerification(Number.NaN, FR_FEATURE).kind).toBe('unknown');
  });
});

describe('decision 1:1', () => {
  it('accepts from 0.45 on', () => {
    expect(decideVerification(0.45, FR_FEATURE)).toEqual({ kind: 'accept', threshold: 0.45 });
    expect(decideVerification(0.4499, FR_FEATURE).kind).toBe('uncertain');
    expect(decideVerification(0.2, FR_FEATURE).kind).toBe('unknown');
    expect(decideVerification(null, FR_FEATURE).kind).toBe('unknown');
  });
});

describe('another embedder’s scores', () => {
  const policy = { ...POLICY, calibration: OTHER };

  it('are read by its own curve and thresholds, alone and among many', () => {
    // What is enough to accept a person with the shipped embedder is a stranger’s score here.
    expect(decide(scores(0.9, 0.5), size(2), POLICY).kind).toBe('accept');
    expect(decide(scores(0.9, 0.5), size(2), policy).kind).not.toBe('accept');
    expect(decideVerification(0.9, OTHER).kind).not.toBe('accept');
    expect(decide(scores(0.97, 0.9), size(2), policy)).toMatchObject({ kind: 'accept' });
    expect(thresholdFor(size(100), { targetFpir: 0.001, calibration: OTHER })).toBeCloseTo(0.95, 2);
  });

  it('use its own distances: a lead too small for the shipped embedder is enough here', () => {
    expect(leeway(FR_FEATURE)).toEqual({ near: 0.1, margin: 0.08, turned: 0.4, alike: 0.6, samePicture: 0.9995 });
    const own = leeway(OTHER);
    expect(own.margin).toBeLessThan(0.02);
    expect(own.turned).toBeGreaterThan(0.9);
    expect(own.alike).toBeGreaterThan(OTHER.verification);
    expect(decide(scores(0.97, 0.97 - own.margin - 1e-3), size(2), policy).kind).toBe('accept');
    expect(decide(scores(0.97, 0.97 - own.margin + 1e-3), size(2), policy).kind).toBe('uncertain');
    expect(decideVerification(OTHER.verification - own.near - 1e-3, OTHER).kind).toBe('unknown');
  });
});

describe('lookalikes', () => {
  const score = fc.double({ min: -1, max: 1, noNaN: true });
  const people = ['ada', 'eve', 'bob', 'cyd'];
  /** Any search result among these people: the best, and another person or none. */
  const match = fc
    .tuple(fc.constantFrom(...people), fc.option(fc.constantFrom(...people), { nil: null }), score, score)
    .map(([best, second, x, y]) => ({
      best: { person: best, score: Math.max(x, y) },
      second: second === null || second === best ? null : { person: second, score: Math.min(x, y) },
    }));
  const inPair = (person: string) => person === 'ada' || person === 'eve';
  const policy = fc.record({
    targetFpir: fc.double({ min: 1e-5, max: 0.02, noNaN: true }),
    margin: fc.option(fc.double({ min: 0, max: 0.5, noNaN: true }), { nil: undefined }),
    calibration: fc.constantFrom(FR_FEATURE, OTHER),
  });

  it('no face alone ever identifies either of a pair, whatever the scores and the lead', () => {
    fc.assert(
      fc.property(match, policy, fc.integer({ min: 1, max: 2000 }), (found, { margin, ...p }, n) => {
        const demands = { ...p, calibratedPeople: 1000, ...(margin !== undefined && { margin }) };
        const { kind } = decide(found, size(n), demands, inPair);
        if (inPair(found.best.person)) expect(kind).not.toBe('accept');
      }),
    );
  });

  it('anyone similar enough to one of a pair is asked who they are, even if both score alike', () => {
    const twins = { best: { person: 'ada', score: 0.8 }, second: { person: 'eve', score: 0.79 } };
    expect(decide(twins, size(200), POLICY).kind).toBe('uncertain');
    expect(decide(twins, size(200), POLICY, inPair).kind).toBe('claim-first');
    const near = { best: { person: 'eve', score: thresholdFor(size(200), POLICY) - 0.05 }, second: null };
    expect(decide(near, size(200), POLICY, inPair).kind).toBe('claim-first');
    const stranger = { best: { person: 'eve', score: 0.1 }, second: null };
    expect(decide(stranger, size(200), POLICY, inPair).kind).toBe('unknown');
  });

  it('nothing changes for anyone else: threshold, margin and verdict are the same as without a pair', () => {
    fc.assert(
      fc.property(match, policy, fc.integer({ min: 1, max: 2000 }), (found, { margin, ...p }, n) => {
        const demands = { ...p, calibratedPeople: 1000, ...(margin !== undefined && { margin }) };
        fc.pre(!inPair(found.best.person));
        expect(decide(found, size(n), demands, inPair)).toEqual(decide(found, size(n), demands));
      }),
    );
    // One of a pair still counts as a second person: others need a margin to their score.
    const close = { best: { person: 'bob', score: 0.8 }, second: { person: 'ada', score: 0.78 } };
    expect(decide(close, size(200), POLICY, inPair).kind).toBe('uncertain');
  });

  it('once the pair is removed, the remaining person is identified again', () => {
    const ada = { best: { person: 'ada', score: 0.8 }, second: null };
    expect(decide(ada, size(200), POLICY, () => false).kind).toBe('accept');
  });
});
