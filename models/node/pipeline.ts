import { meanOf } from '../rules/cosine.ts';
import { cropTemplate, extentOf, fitSimilarity, fivePoints, invert, squareAround } from '../rules/geometry.ts';
import type { Box, Point, RgbImage } from '../rules/image.ts';
import { EMBEDDER_ID, embedderId } from '../rules/manifest.ts';
import { mirrorRaster, Taps, warpToRaster, windowToLuma } from '../rules/pixels.ts';
import { measureQuality, QualityScratch } from '../rules/quality.ts';
import { rasterOf } from '../rules/recipe.ts';
import { createDetector } from './detector.ts';
import { embedderOf } from './embedders.ts';
import type { FacePipeline } from './interface.ts';
import { createPassiveLiveness, passiveLivenessIn } from './passive-liveness.ts';
import { ModelProblem } from './problem.ts';
import { Scratch } from './scratch.ts';
import { type LoadedModels, loadModels, type Models } from './sessions.ts';
import { DEFAULT_WEIGHTS } from './weights.ts';

const LANDMARK_SIDE = 64;
const LANDMARK_NORM = { mean: 0, scale: 1 / 256 };
/** Side of the second pass's square, relative to the extent of the first pass's points. The best of five from 1.05 to 1.35. */
const SECOND_SQUARE = 1.15;

/**
 * Loads the verified weights and builds the face pipeline on them.
 * @param weights folder of the prepared weights; `dist/models/weights` of this source tree by default
 * @param embedder id of the embedder; by default the one that ships
 * @param own folder of the operator's models, if it is another one (embedders.ts, passive-liveness.ts)
 * @throws ModelProblem as loadModels, and `model-unknown`
 */
export async function openPipeline(
  weights = DEFAULT_WEIGHTS,
  embedder = EMBEDDER_ID,
  own = weights,
): Promise<FacePipeline> {
  const other = embedder === EMBEDDER_ID ? null : embedderOf(own, embedder);
  return createPipeline(await loadModels(weights, { folder: own, embedder: other, passive: passiveLivenessIn(own) }));
}

/** Creates a pipeline with loaded models, which its `close` closes. */
export function createPipeline(models: Models & Partial<LoadedModels>): FacePipeline {
  const detect = createDetector(models.detector);
  const shapes = new Scratch(() => ({
    input: new Float32Array(LANDMARK_SIDE * LANDMARK_SIDE),
    taps: new Taps(LANDMARK_SIDE),
    quality: new QualityScratch(),
  }));
  const { weight } = models.embedder;
  const { recipe, length, calibration } = weight;
  const template = cropTemplate(recipe.crop, recipe.side);
  const raster = rasterOf(recipe);
  const output = weight.outputs[0]!.name;
  const crops = new Scratch(() => new Float32Array(3 * recipe.side * recipe.side));

  const landmarksIn = async (image: RgbImage, square: Box, input: Float32Array, taps: Taps): Promise<Point[]> => {
    windowToLuma(image, square, LANDMARK_SIDE, LANDMARK_SIDE, LANDMARK_NORM, 0, input, taps);
    const { output } = await models.landmarks.run(input);
    const landmarks: Point[] = [];
    for (let i = 0; i < output!.length; i += 2) {
      landmarks.push([square[0] + output![i]! * square[2], square[1] + output![i + 1]! * square[3]]);
    }
    return landmarks;
  };

  return {
    model: embedderId(weight),
    length,
    calibration,
    passive: models.passive ? createPassiveLiveness(models.passive) : null,
    detect,
    shape: (image, box) =>
      shapes.use(async ({ input, taps, quality }) => {
        const first = await landmarksIn(image, squareAround(box), input, taps);
        // A square based on the face itself, not on a detector's box, so that pose and embedding hardly depend on the box.
        const landmarks = await landmarksIn(image, squareAround(extentOf(first), SECOND_SQUARE), input, taps);
        return { box, landmarks, five: fivePoints(landmarks), quality: measureQuality(image, box, landmarks, quality) };
      }),
    embed: (image, five, options) =>
      crops.use(async (input) => {
        const run = async () => normalised((await models.embedder.run(input))[output]!, length);
        warpToRaster(image, invert(fitSimilarity(five, template)), raster, input);
        const straight = await run();
        if (!options?.mirrored) return straight;
        mirrorRaster(raster, input);
        return normalised(meanOf([straight, await run()]), length);
      }),
    async close() {
      const { detector, landmarks, embedder, passive } = models;
      await Promise.all([detector, landmarks, embedder, passive].map((model) => model?.close()));
    },
  };
}

/** L2-normalises in place. Throws rather than let a vector without a direction into a gallery. */
function normalised(vector: Float32Array, length: number): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  if (!(squares > 0) || !Number.isFinite(squares) || vector.length !== length) {
    throw new ModelProblem('embedding-invalid');
  }
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
  return vector;
}
