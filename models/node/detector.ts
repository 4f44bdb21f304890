import { iou, suppress } from '../rules/geometry.ts';
import type { Box, RgbImage } from '../rules/image.ts';
import { Taps, windowToPlanes } from '../rules/pixels.ts';
import { Scratch } from './scratch.ts';
import type { Model } from './sessions.ts';

/** A face that was found: the detector's own box, in the picture's pixels, and its score 0..1. */
export interface FoundFace {
  readonly box: Box;
  readonly score: number;
}

const WIDTH = 320;
const HEIGHT = 240;
const NORM = { mean: 127, scale: 1 / 128 };
/** Score from which a box counts as a face. */
const SCORE = 0.65;
/** Boxes that overlap more than this are one face. */
const SAME_FACE = 0.4;
/** A face filling more of the picture's height than this, or touching its edge, is looked for again with a border. */
const LARGE = 0.6;
/** Width of that border on each side, as a share of the picture's side. */
const BORDER = 0.3;
/** What the border is filled with. */
const FILL = 0;

/** Finds the faces of a picture, largest first. */
export type Detector = (image: RgbImage) => Promise<FoundFace[]>;

/**
 * The detector with the retry of DESIGN's recipe: faces that fill the picture or touch its edge are missed or boxed
 * badly without a border around it.
 */
export function createDetector(model: Model): Detector {
  const scratch = new Scratch(() => ({ input: new Float32Array(3 * WIDTH * HEIGHT), taps: new Taps(WIDTH) }));

  const look = (image: RgbImage, border: number, least: number): Promise<FoundFace[]> =>
    scratch.use(async ({ input, taps }) => {
      const window: Box = [
        -border * image.width,
        -border * image.height,
        image.width * (1 + 2 * border),
        image.height * (1 + 2 * border),
      ];
      windowToPlanes(image, window, WIDTH, HEIGHT, NORM, FILL, input, taps);
      const { scores, boxes } = await model.run(input);
      return suppress(readBoxes(scores!, boxes!, window, least), SAME_FACE);
    });

  return async (image) => {
    const plain = await look(image, 0, SCORE);
    const unsure = plain.filter((face) => cramped(face.box, image));
    if (plain.length > 0 && unsure.length === 0) return bySize(plain);
    const bordered = await look(image, BORDER, SCORE);
    return bySize(combine(plain, unsure, bordered));
  };
}

/** Boxes of `least` score and more, from 0..1 of the window to the picture's pixels. */
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

function cramped([x, y, w, h]: Box, image: RgbImage): boolean {
  return x <= 0 || y <= 0 || x + w >= image.width || y + h >= image.height || h > LARGE * image.height;
}

/**
 * Keeps the boxes that were sure without the border, takes the bordered box for those that were not, and adds what
 * only the border brought out. A face that the border lost stays as it was.
 */
function combine(
  plain: readonly FoundFace[],
  unsure: readonly FoundFace[],
  bordered: readonly FoundFace[],
): FoundFace[] {
  const sure = plain.filter((face) => !unsure.includes(face));
  const added = bordered.filter((b) => sure.every((s) => iou(s.box, b.box) <= SAME_FACE));
  const lost = unsure.filter((u) => bordered.every((b) => iou(u.box, b.box) <= SAME_FACE));
  return [...sure, ...suppress([...added, ...lost], SAME_FACE)];
}

function bySize(faces: readonly FoundFace[]): FoundFace[] {
  return faces.toSorted((p, q) => q.box[2] * q.box[3] - p.box[2] * p.box[3]);
}
