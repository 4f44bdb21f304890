import type { Calibration } from './decision.ts';
import type { FaceCrop } from './geometry.ts';
import type { Raster } from './pixels.ts';

/** What an embedder is fed with: a square crop of the face, and how its bytes become numbers. */
export interface FaceRecipe {
  /** Pixels a side. */
  readonly side: number;
  readonly channels: 'RGB' | 'BGR';
  /** The tensor's axes after the batch of one: channels first, or last. */
  readonly layout: 'NCHW' | 'NHWC';
  /** (v − mean) / std of a byte v of red, green and blue, in this order whatever `channels` is. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly crop: FaceCrop;
}

/** One entry of `embedders.json`: an embedder that an operator brings (models/node/embedders.ts, docs/operate/embedders.md). */
export interface EmbedderEntry {
  readonly file: string;
  /** Of the file, hex. */
  readonly sha256: string;
  /** Names of the file's tensors: the picture that goes in, the embedding that comes out. */
  readonly input: string;
  readonly output: string;
  /** Numbers of an embedding. */
  readonly length: number;
  readonly recipe: FaceRecipe;
  readonly calibration: Calibration;
  readonly licence: string;
  readonly provenance: string;
  readonly limits: readonly string[];
}

/** Of the tensor that goes in. */
export function inputShape({ side, layout }: FaceRecipe): readonly number[] {
  return layout === 'NCHW' ? [1, 3, side, side] : [1, side, side, 3];
}

/** Where `warpToRaster` puts each number. */
export function rasterOf({ side, channels, layout, mean, std }: FaceRecipe): Raster {
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
