import { expect, test } from 'vitest';
import { ExactGallery } from '../../../models/node/gallery/gallery.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { EMBEDDER } from '../../../models/rules/manifest.ts';
import { createRecogniser } from './recogniser.ts';

const { length, calibration } = EMBEDDER;

/** Returns a unit vector with these components on the first axes; the rest is on the axis `own`. */
function face(shares: readonly number[], own: number): Float32Array {
  const vector = new Float32Array(length);
  vector.set(shares);
  vector[own] = Math.sqrt(1 - shares.reduce((sum, share) => sum + share * share, 0));
  return vector;
}

test('first and second are the people whose templates score highest on average, however different the templates are', () => {
  const pipeline = { model: 'm', length, calibration } as FacePipeline;
  const recogniser = createRecogniser(pipeline, new ExactGallery(length), {
    targetFpir: 0.001,
    calibratedPeople: 1000,
  });
  const of = (...templates: Float32Array[]) => templates.map((embedding) => ({ embedding }));
  recogniser.know('Ada', of(face([0.66], 20)));
  // Bob's four poses differ: their mean points to the probe as Ada's does, but each of them scores less.
  recogniser.know('Bob', of(...[30, 31, 32, 33].map((own) => face([0.5], own))));
  recogniser.know('Cem', of(face([0.64], 40)));
  const { match, decision } = recogniser.search(face([1], 50));
  expect([match.best?.person, match.second?.person]).toEqual(['Ada', 'Cem']);
  expect(match.best?.score).toBeCloseTo(0.66, 5);
  expect(match.second?.score).toBeCloseTo(0.64, 5);
  // With Bob as second, the margin would accept Ada.
  expect(decision.kind).toBe('uncertain');
  expect(recogniser.verify(face([1], 50), 'Bob').score).toBeCloseTo(0.5, 5);
});
