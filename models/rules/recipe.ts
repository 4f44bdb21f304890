import type { Calibration } from './decision.ts';
import type { FaceCrop } from './geometry.ts';
import type { Raster } from './pixels.ts';

/** How the bytes of a square picture become a model's numbers. */
export interface PixelRecipe {
  /** Pixels a side. */
  readonly side: number;
  readonly channels: 'RGB' | 'BGR';
  /** The tensor's axes after the batch of one: channels first, or last. */
  readonly layout: 'NCHW' | 'NHWC';
  /** (v − mean) / std of a byte v of red, green and blue, in this order whatever `channels` is. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** What an embedder is fed with: a square crop of the face, and how its bytes become numbers. */
export interface FaceRecipe extends PixelRecipe {
  readonly crop: FaceCrop;
}

/** What an operator says of a model of their own, whatever its task. */
interface ModelEntry {
  readonly file: string;
  /** Of the file, hex. */
  readonly sha256: string;
  /** Names of the file's tensors: the picture that goes in, the numbers that come out. */
  readonly input: string;
  readonly output: string;
  readonly length: number;
  readonly licence: string;
  readonly provenance: string;
  readonly limits: readonly string[];
}

/** One entry of `embedders.json`: an embedder that an operator brings (models/node/embedders.ts, docs/operate/embedders.md). */
export interface EmbedderEntry extends ModelEntry {
  readonly recipe: FaceRecipe;
  readonly calibration: Calibration;
}

/** `passive-liveness.json`: a liveness model that an operator brings (models/node/passive-liveness.ts). */
export interface PassiveLivenessEntry extends ModelEntry {
  readonly recipe: PixelRecipe & {
    /** Side of the square around the face's box, by the box's longer side. */
    readonly margin: number;
  };
  /** Which number of the output is of a living face, from 0. */
  readonly live: number;
  /** `logits` are made probabilities first: by softmax, a single one by the logistic function. */
  readonly scores: 'logits' | 'probabilities';
  /** Least probability of a living face, 0..1, of one picture. */
  readonly threshold: number;
}

/** Of the tensor that goes in. */
export function inputShape({ side, layout }: PixelRecipe): readonly number[] {
  return layout === 'NCHW' ? [1, 3, side, side] : [1, side, side, 3];
}

/** Where `warpToRaster` puts each number. */
export function rasterOf({ side, channels, layout, mean, std }: PixelRecipe): Raster {
  const norm = (i: 0 | 1 | 2) => ({ mean: mean[i], scale: 1 / std[i] });
  const apart = layout === 'NCHW' ? side * side : 1;
  const [red, blue] = channels === 'RGB' ? [0, 2] : [2, 0];
  return {
    side,
    first: [red * apart, apart, blue * apart],
    step: layout === 'NCHW' ? 1 : 3,
    norm: [norm(0), norm(1), norm(2)],
  };
}
