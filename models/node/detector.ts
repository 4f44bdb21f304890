import { iou, overlapOfSmaller, suppress } from '../rules/geometry.ts';
import type { Box, RgbImage } from '../rules/image.ts';
import { Taps, windowToPlanes } from '../rules/pixels.ts';
import { Scratch } from './scratch.ts';
import type { Model } from './sessions.ts';

/** A detected face: the detector's box, in the picture's pixels, and its score 0..1. */
export interface FoundFace {
  readonly box: Box;
  readonly score: number;
}

const WIDTH = 320;
const HEIGHT = 240;
/** Minimum score of a face. */
const SCORE = 0.65;
/** Minimum score for accepting the single best box if none reaches SCORE. */
const LAST_RESORT = 0.4;
/** Faces with at least this score and space around them are accepted without further passes. */
const SURE = 0.98;
/** A box taller than this share of the picture, or at its edge, is often only part of a face. */
const LARGE = 0.35;
/** Borders around the picture, as shares of its sides, with which faces that fill it are found whole. */
const BORDER = 0.3;
const WIDE_BORDER = 0.8;
/** Up to this many pixels, a picture without a face is also tried softened. In a larger one, downscaling removes the grain. */
const SMALL = 4 * WIDTH * HEIGHT;
/** Minimum score in a softened picture, where more things resemble a face. */
const SOFT_SCORE = 0.9;
/** Boxes that overlap more than this (IoU) are the same face. */
const SAME_FACE = 0.4;
/** A box with more than this share of its area inside a better one is part of that face. */
const PART_OF_FACE = 0.8;

/** Aspect ratios (width over height) beyond which pictures are not stretched: there, stretching was seen to miss faces. */
const LONGEST = 2;
const TALLEST = 0.65;

export type Detector = (image: RgbImage) => Promise<FoundFace[]>;

/**
 * The detector, which runs again if it isn't sure: with a narrow and a wide border, and with dark or flat pictures stretched. The
 * best box of each face from all passes counts. This was the simplest method that finds as many faces as six passes did, in 511
 * whole, cropped, dark, flat, blurred, grainy and turned pictures, with no more false detections.
 */
export function createDetector(model: Model): Detector {
  const scratch = new Scratch(() => ({ input: new Float32Array(3 * WIDTH * HEIGHT), taps: new Taps(WIDTH) }));

  const detect = (image: RgbImage, border: number, tone = FULL_RANGE): Promise<FoundFace[]> =>
    scratch.use(async ({ input, taps }) => {
      const window = windowOf(image, border);
      // v' = (v − low) · 255 / (high − low), then (v' − 127) / 128, in one step. The border is black either way.
      const gain = 255 / (tone.high - tone.low);
      const norm = { mean: tone.low + 127 / gain, scale: gain / 128 };
      windowToPlanes(image, window, WIDTH, HEIGHT, norm, tone.low, input, taps);
      const { scores, boxes } = await model.run(input);
      return distinct(readBoxes(scores!, boxes!, window, LAST_RESORT));
    });

  return async (image) => {
    const plain = await detect(image, 0);
    const atOnce = atLeast(SCORE, plain);
    if (atOnce.length > 0 && atOnce.every((face) => face.score >= SURE && hasRoom(face.box, image))) return atOnce;
    const tone = toneOf(image);
    const again = [await detect(image, BORDER, tone), await detect(image, WIDE_BORDER, tone)];
    const best = distinct([...plain, ...again.flat()]);
    const faces = atLeast(SCORE, best);
    if (faces.length > 0) return faces;
    if (best.length > 0 || image.width * image.height > SMALL) return best.slice(0, 1);
    // When a small picture is enlarged for the model, grain of few pixels becomes squares as large as eyes.
    return atLeast(SOFT_SCORE, await detect(softened(image), BORDER, tone));
  };
}

/**
 * Returns the window that the detector sees: the picture with its border, stretched to the model's 4:3. Very long or tall
 * pictures get a wider border instead, because a face stretched that much is not recognisable as one.
 */
function windowOf({ width, height }: RgbImage, border: number): Box {
  let w = width * (1 + 2 * border);
  let h = height * (1 + 2 * border);
  if (w / h > LONGEST) h = (w * HEIGHT) / WIDTH;
  if (w / h < TALLEST) w = (h * WIDTH) / HEIGHT;
  return [(width - w) / 2, (height - h) / 2, w, h];
}

/** Returns the faces of at least that score, largest first. */
function atLeast(score: number, faces: readonly FoundFace[]): FoundFace[] {
  const area = ({ box }: FoundFace) => box[2] * box[3];
  return faces.filter((face) => face.score >= score).toSorted((p, q) => area(q) - area(p));
}

/** The range of byte values that a picture uses. */
interface Tone {
  readonly low: number;
  readonly high: number;
}
const FULL_RANGE: Tone = { low: 0, high: 255 };
/** A narrower range is noise rather than a picture. */
const NARROWEST = 12;

/** Returns the range of the picture's green values without the outermost 1 % at each end, to stretch dark and flat pictures. */
function toneOf({ data }: RgbImage): Tone {
  const counts = new Uint32Array(256);
  for (let i = 1; i < data.length; i += 3) counts[data[i]!]!++;
  const tail = data.length / 3 / 100;
  let low = 0;
  for (let sum = counts[0]!; sum < tail; sum += counts[++low]!);
  let high = 255;
  for (let sum = counts[255]!; sum < tail; sum += counts[--high]!);
  return high - low < NARROWEST ? FULL_RANGE : { low, high };
}

/** Returns the picture with each pixel blended with its neighbours (1, 2, 1 across and down). */
function softened({ width, height, data }: RgbImage): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const [up, down] = [Math.max(0, y - 1), Math.min(height - 1, y + 1)];
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
      for (let c = 0; c < 3; c++) {
        const at = (row: number, column: number) => data[(row * width + column) * 3 + c]!;
        const across = (row: number) => at(row, left) + 2 * at(row, x) + at(row, right);
        out[(y * width + x) * 3 + c] = (across(up) + 2 * across(y) + across(down) + 8) >> 4;
      }
    }
  }
  return { width, height, data: out };
}

/** Reads boxes of at least `least`, and converts them from 0..1 of the window to the picture's pixels. */
function readBoxes(scores: Float32Array, boxes: Float32Array, window: Box, least: number): FoundFace[] {
  const found: FoundFace[] = [];
  for (let i = 0; i * 2 < scores.length; i++) {
    const score = scores[2 * i + 1]!;
    if (!(score >= least)) continue;
    const x = window[0] + boxes[4 * i]! * window[2];
    const y = window[1] + boxes[4 * i + 1]! * window[3];
    const w = (boxes[4 * i + 2]! - boxes[4 * i]!) * window[2];
    const h = (boxes[4 * i + 3]! - boxes[4 * i + 1]!) * window[3];
    if (w > 0 && h > 0) found.push({ box: [x, y, w, h], score });
  }
  return found;
}

function hasRoom([x, y, w, h]: Box, { width, height }: RgbImage): boolean {
  return x > 0 && y > 0 && x + w < width && y + h < height && h <= LARGE * height;
}

/** One box per face, best first. */
function distinct(found: readonly FoundFace[]): FoundFace[] {
  const kept: FoundFace[] = [];
  for (const face of suppress(found, SAME_FACE)) if (!kept.some((k) => sameFace(k.box, face.box))) kept.push(face);
  return kept;
}

function sameFace(p: Box, q: Box): boolean {
  return iou(p, q) > SAME_FACE || overlapOfSmaller(p, q) > PART_OF_FACE;
}
