import type { Calibration } from './decision.ts';
import type { FaceCrop } from './geometry.ts';
import type { Raster } from './pixels.ts';

/** How the bytes of a square picture become a model's input. */
export interface PixelRecipe {
  /** Side in pixels. */
  readonly side: number;
  readonly channels: 'RGB' | 'BGR';
  /** The tensor's axes after the batch of one: channels first or last. */
  readonly layout: 'NCHW' | 'NHWC';
  /** (v − mean) / std for a byte v of red, green and blue, in this order regardless of `channels`. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** An embedder's input: a square crop of the face, and how its bytes become numbers. */
export interface FaceRecipe extends PixelRecipe {
  readonly crop: FaceCrop;
}

/** An operator's description of their own model, for any task. */
interface ModelEntry {
  readonly file: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  /** Names of the file's tensors: the input picture and the output numbers. */
  readonly input: string;
  readonly output: string;
  readonly length: number;
  readonly licence: string;
  readonly provenance: string;
  readonly limits: readonly string[];
}

/** One entry of `embedders.json`: an embedder supplied by the operator (models/node/embedders.ts, docs/operate/embedders.md). */
export interface EmbedderEntry extends ModelEntry {
  readonly recipe: FaceRecipe;
  readonly calibration: Calibration;
}

/** `passive-liveness.json`: a liveness model supplied by the operator (models/node/passive-liveness.ts). */
export interface PassiveLivenessEntry extends ModelEntry {
  readonly recipe: PixelRecipe & {
    /** Side of the square around the face's box, relative to the box's longer side. */
    readonly margin: number;
  };
  /** Index of the output for a live face, from 0. */
  readonly live: number;
  /** `logits` are first converted to probabilities: by softmax, or by the logistic function for a single one. */
  readonly scores: 'logits' | 'probabilities';
  /** Minimum probability that the face in one picture is live, 0..1. */
  readonly threshold: number;
}

/** Returns the shape of the input tensor. */
export function inputShape({ side, layout }: PixelRecipe): readonly number[] {
  return layout === 'NCHW' ? [1, 3, side, side] : [1, side, side, 3];
}

/** Returns where `warpToRaster` puts each number. */
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
