import { ExactGallery } from '../../../models/node/gallery/gallery.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { dot } from '../../../models/rules/cosine.ts';
import type { Box, RgbImage } from '../../../models/rules/image.ts';

/**
 * A drawn face, with which the kiosk tests whether recognition still works. It shows no real person and is the same in every
 * build, so two builds with the same weights must get the same result.
 */
const SIDE = 192;
const BOX: Box = [32, 24, 128, 144];

type Blob = readonly [x: number, y: number, rx: number, ry: number, colour: readonly [number, number, number]];
/** Painted in order: head, hair, brows, whites, pupils, nose, mouth. */
const BLOBS: readonly Blob[] = [
  [96, 98, 58, 74, [204, 164, 138]],
  [96, 40, 58, 30, [62, 44, 34]],
  [72, 76, 15, 4, [58, 42, 34]],
  [120, 76, 15, 4, [58, 42, 34]],
  [72, 88, 12, 6, [238, 236, 232]],
  [120, 88, 12, 6, [238, 236, 232]],
  [72, 88, 5, 5, [40, 52, 70]],
  [120, 88, 5, 5, [40, 52, 70]],
  [94, 110, 7, 18, [186, 142, 118]],
  [96, 124, 11, 6, [172, 122, 102]],
  [96, 144, 22, 8, [168, 84, 84]],
  [96, 143, 20, 2, [104, 44, 50]],
];

function drawnFace(): RgbImage {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const pixel = [120 + (y >> 3), 126 + (y >> 3), 136 + (y >> 3)];
      for (const [cx, cy, rx, ry, colour] of BLOBS) {
        const far = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;
        // A soft edge, and light from the left.
        const over = Math.min(1, Math.max(0, (1.15 - far) / 0.3));
        const light = 1 - ((x - cx) / rx) * 0.08;
        for (let c = 0; c < 3; c++) pixel[c] = pixel[c]! * (1 - over) + colour[c]! * light * over;
      }
      for (let c = 0; c < 3; c++) data[(y * SIDE + x) * 3 + c] = Math.max(0, Math.min(255, Math.round(pixel[c]!)));
    }
  return { width: SIDE, height: SIDE, data };
}

/** The result of a pipeline for the drawn face. */
export interface SelfMatch {
  readonly model: string;
  readonly embedding: Float32Array;
}

/** Two samples of one picture differ only by rounding. */
const SAME = 0.999;
/** Threshold for the same weights with another runtime's arithmetic. */
const AS_BEFORE = 0.99;

/**
 * Tests the steps from picture to decision: landmarks, embedding, a gallery of one, an exact search.
 * @returns null if the face is not recognised again
 */
export async function selfMatch(pipeline: FacePipeline): Promise<SelfMatch | null> {
  const picture = drawnFace();
  const embed = async () => pipeline.embed(picture, (await pipeline.shape(picture, BOX)).five);
  const embedding = await embed();
  const gallery = new ExactGallery(pipeline.length);
  gallery.add('drawn', 'nobody', embedding);
  const { best } = gallery.search(await embed());
  return best?.person === 'nobody' && best.score >= SAME ? { model: pipeline.model, embedding } : null;
}

/** Returns whether a build gets the same result as the previous one. With other weights there is nothing to compare. */
export const seesTheSame = (now: SelfMatch, before: SelfMatch | null): boolean =>
  before === null || before.model !== now.model || dot(now.embedding, before.embedding) >= AS_BEFORE;
