import { expect, test } from 'vitest';
import { decide, estimatedFpir, FR_FEATURE } from '../../../models/rules/decision.ts';
import type { Demands, Recogniser } from '../checkin/recogniser.ts';
import { duplicateOf } from './duplicates.ts';

/** Returns a recogniser that finds this best and second person in every search. */
const finding = (best: number, second: number): Recogniser =>
  ({
    search: () => ({
      match: {
        best: { person: 'ada', template: 't', score: best },
        second: { person: 'eve', score: second },
        people: 2,
        templates: 2,
      },
      decision: { kind: best - second < 0.08 ? 'uncertain' : 'accept', threshold: 0.5, margin: best - second },
    }),
  }) as unknown as Recogniser;

const SITE = { targetFpir: 0.001, calibratedPeople: 1000, calibration: FR_FEATURE };
const face = [new Float32Array(512)];

test('a face that is already enrolled is a duplicate, even if two people there look alike', () => {
  expect(duplicateOf(finding(0.8, 0.1), face)).toBe('ada');
  expect(duplicateOf(finding(0.8, 0.76), face)).toBe('ada');
});

test('a face below the threshold is nobody’s duplicate', () => {
  expect(duplicateOf(finding(0.49, 0.1), face)).toBeNull();
});

test('a person whose picture scores 0.65 is still found among 40,000 templates, where no check-in would accept it', () => {
  const size = { people: 40_000, templates: 40_000 };
  const best = { person: 'ada', template: 't', score: 0.65 };
  const crowd = {
    search(_: Float32Array, policy: Demands = {}) {
      const match = { best, second: null, ...size };
      return { match, decision: decide(match, size, { ...SITE, calibratedPeople: 100_000, ...policy }) };
    },
  } as unknown as Recogniser;
  expect(crowd.search(face[0]!).decision.kind).not.toBe('accept');
  expect(duplicateOf(crowd, face)).toBe('ada');
});

test('at most one in a hundred newcomers to 4,000 templates is held to be someone already there', () => {
  const size = { people: 1000, templates: 4000 };
  const thresholds: number[] = [];
  const crowd = {
    search(_: Float32Array, policy: Demands = {}) {
      const match = { best: { person: 'ada', template: 't', score: 0.53 }, second: null, ...size };
      const decision = decide(match, size, { ...SITE, ...policy });
      thresholds.push(decision.threshold);
      return { match, decision };
    },
  } as unknown as Recogniser;
  expect(duplicateOf(crowd, face)).toBeNull();
  for (const threshold of thresholds)
    expect(estimatedFpir(threshold, size.templates, FR_FEATURE.curve)).toBeLessThan(0.011);
});
