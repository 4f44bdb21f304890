import { join } from 'node:path';
import { z } from 'zod';
import { squareAround } from '../rules/geometry.ts';
import { embedderId, type PassiveLivenessFile } from '../rules/manifest.ts';
import { warpToRaster } from '../rules/pixels.ts';
import { type PassiveLivenessEntry, rasterOf } from '../rules/recipe.ts';
import { OWN_FILE, ownFile, PIXELS, readOwn } from './embedders.ts';
import type { PassiveLiveness } from './interface.ts';
import { Scratch } from './scratch.ts';
import type { Model } from './sessions.ts';

/** File name of the operator's entry, beside their embedders. Described in docs/operate/embedders.md. */
export const PASSIVE_LIVENESS_FILE = 'passive-liveness.json';

/** Maximum margin, relative to the face's longer side. Screens send no more (renderer/kiosk/vision/pixels.ts). */
const WIDEST = 1.8;

const Entry = z
  .strictObject({
    ...OWN_FILE,
    length: z.number().int().min(1).max(100),
    recipe: z.strictObject({ ...PIXELS, margin: z.number().min(0.5).max(WIDEST) }),
    live: z.number().int().min(0),
    scores: z.enum(['logits', 'probabilities']),
    threshold: z.number().gt(0).lt(1),
  })
  .refine(({ live, length }) => live < length, { path: ['live'], message: 'must be one of the output’s numbers' });

/**
 * Reads the operator's entry; null if there is none.
 * @throws ModelProblem `model-refused` with every wrong value
 */
export const readPassiveLiveness = (folder: string): PassiveLivenessEntry | null =>
  readOwn(join(folder, PASSIVE_LIVENESS_FILE), Entry);

/** @throws ModelProblem `model-refused` */
export function passiveLivenessIn(folder: string): PassiveLivenessFile | null {
  const entry = readPassiveLiveness(folder);
  return entry && { ...entry, ...ownFile(entry, 'a number a class'), task: 'passive-liveness' };
}

/** Creates the liveness check with the model on its square around a face. Outside the picture, pixels are black. */
export function createPassiveLiveness(model: Model<PassiveLivenessFile>): PassiveLiveness {
  const { recipe, live, scores, threshold, outputs } = model.weight;
  const raster = rasterOf(recipe);
  const inputs = new Scratch(() => new Float32Array(3 * recipe.side ** 2));
  return {
    model: embedderId(model.weight),
    isLive: (image, box) =>
      inputs.use(async (input) => {
        const [left, top, side] = squareAround(box, recipe.margin);
        const a = side / recipe.side;
        // Pixel centres are at half coordinates.
        warpToRaster(image, { a, b: 0, tx: left + a / 2 - 0.5, ty: top + a / 2 - 0.5 }, raster, input);
        const numbers = (await model.run(input))[outputs[0]!.name]!;
        return (scores === 'logits' ? probability(numbers, live) : numbers[live]!) >= threshold;
      }),
  };
}

/** Softmax of one of the logits; for a single logit the logistic function, which is a softmax against 0. */
function probability(logits: Float32Array, of: number): number {
  const all = logits.length === 1 ? [logits[0]!, 0] : [...logits];
  const most = Math.max(...all);
  return Math.exp(all[of]! - most) / all.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
}
