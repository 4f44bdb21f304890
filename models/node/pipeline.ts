import { ARCFACE_SIDE, ARCFACE_TEMPLATE, fitSimilarity, fivePoints, invert, squareAround } from '../rules/geometry.ts';
import type { Point } from '../rules/image.ts';
import { EMBEDDER_ID, EMBEDDING_LENGTH, embedderId } from '../rules/manifest.ts';
import { Taps, warpToPlanes, windowToLuma } from '../rules/pixels.ts';
import { ModelProblem } from '../rules/problem.ts';
import { measureQuality, QualityScratch } from '../rules/quality.ts';
import { createDetector } from './detector.ts';
import { embedderOf } from './embedders.ts';
import type { FacePipeline } from './interface.ts';
import { Scratch } from './scratch.ts';
import { loadModels, type Models } from './sessions.ts';
import { DEFAULT_WEIGHTS } from './weights.ts';

const LANDMARK_SIDE = 64;
const LANDMARK_NORM = { mean: 0, scale: 1 / 256 };
const EMBED_NORM = { mean: 127, scale: 1 / 128 };

/**
 * Loads the verified weights and builds the pipeline of DESIGN "The face pipeline" on them.
 * @param weights folder of the prepared weights; `dist/models/weights` of this source tree by default
 * @param embedder id of the embedder; the one that ships by default
 * @throws ModelProblem as loadModels does, and `model-unknown`
 */
export async function openPipeline(weights = DEFAULT_WEIGHTS, embedder = EMBEDDER_ID): Promise<FacePipeline> {
  return createPipeline(await loadModels(weights, embedderOf(weights, embedder)));
}

/** The pipeline over loaded models, which `close` closes. */
export function createPipeline(models: Models): FacePipeline {
  const detect = createDetector(models.detector);
  const shapes = new Scratch(() => ({
    input: new Float32Array(LANDMARK_SIDE * LANDMARK_SIDE),
    taps: new Taps(LANDMARK_SIDE),
    quality: new QualityScratch(),
  }));
  const crops = new Scratch(() => new Float32Array(3 * ARCFACE_SIDE * ARCFACE_SIDE));

  return {
    model: embedderId(models.embedder.weight),
    detect,
    shape: (image, box) =>
      shapes.use(async ({ input, taps, quality }) => {
        const square = squareAround(box);
        windowToLuma(image, square, LANDMARK_SIDE, LANDMARK_SIDE, LANDMARK_NORM, 0, input, taps);
        const { output } = await models.landmarks.run(input);
        const landmarks: Point[] = [];
        for (let i = 0; i < output!.length; i += 2) {
          landmarks.push([square[0] + output![i]! * square[2], square[1] + output![i + 1]! * square[3]]);
        }
        return {
          box,
          landmarks,
          five: fivePoints(landmarks),
          quality: measureQuality(image, box, landmarks, quality),
        };
      }),
    embed: (image, five) =>
      crops.use(async (input) => {
        warpToPlanes(image, invert(fitSimilarity(five, ARCFACE_TEMPLATE)), ARCFACE_SIDE, EMBED_NORM, input);
        const answer = await models.embedder.run(input);
        const { embedding, outputs } = models.embedder.weight;
        return normalised(answer[embedding ?? outputs[0]!.name]!);
      }),
    async close() {
      await Promise.all([models.detector.close(), models.landmarks.close(), models.embedder.close()]);
    },
  };
}

/** L2-normalises in place. Fails rather than let a vector without direction into a gallery. */
function normalised(vector: Float32Array): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  if (!(squares > 0) || !Number.isFinite(squares) || vector.length !== EMBEDDING_LENGTH) {
    throw new ModelProblem(
      'embedding-invalid',
      'The embedder gave a vector without a direction.',
      'Try another picture; if it happens again, report it as a defect.',
    );
  }
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
  return vector;
}
