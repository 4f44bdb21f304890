import type { Calibration } from '../rules/decision.ts';
import type { Box, FivePoints, Point, RgbImage } from '../rules/image.ts';
import type { FaceQuality } from '../rules/quality.ts';

/** One face after landmark detection: enough to judge it before the more expensive embedding. */
export interface FaceShape {
  readonly box: Box;
  /** 68 points in the picture's pixels (iBUG order). */
  readonly landmarks: readonly Point[];
  /** The points by which the face is aligned. */
  readonly five: FivePoints;
  readonly quality: FaceQuality;
}

/** A liveness model supplied by the operator. It can reject a face as not live, but never accepts anyone. */
export interface PassiveLiveness {
  /** Like a template's model: its file and the first 12 digits of its SHA-256. */
  readonly model: string;
  /** Returns whether the face in `box` scores at least the model's threshold; false for NaN. */
  isLive(image: RgbImage, box: Box): Promise<boolean>;
}

export interface FacePipeline {
  /** Id of the embedder, e.g. `fr_feature@<first 12 of its SHA-256>`. Templates carry it and are never compared across models. */
  readonly model: string;
  readonly length: number;
  /** How to read the scores of its embeddings. */
  readonly calibration: Calibration;
  /** Null: the operator has supplied none. */
  readonly passive: PassiveLiveness | null;
  /** Returns the faces of a whole picture, largest first. Retries with a border. */
  detect(image: RgbImage): Promise<{ box: Box; score: number }[]>;
  /** Returns landmarks, five points and quality of the face in `box`. */
  shape(image: RgbImage, box: Box): Promise<FaceShape>;
  /**
   * Returns `length` float32 values, L2-normalised.
   * @param options.mirrored averages in the mirrored face, which misses fewer people but takes twice as long
   */
  embed(image: RgbImage, five: FivePoints, options?: { readonly mirrored: boolean }): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Result of an exact 1:N search. Scores are cosines. */
export interface GalleryMatch {
  readonly best: { readonly person: string; readonly template: string; readonly score: number } | null;
  /** The best score of any *other* person; null if there is none. */
  readonly second: { readonly person: string; readonly score: number } | null;
  readonly people: number;
  readonly templates: number;
}

/** Exact 1:N gallery with one or more templates per person. Adds and removes without a rebuild. */
export interface FaceGallery {
  readonly people: number;
  readonly templates: number;
  /** @param weight factor for its cosines, above 0 and at most 1; 1 by default */
  add(template: string, person: string, embedding: Float32Array, weight?: number): void;
  removePerson(person: string): number;
  search(probe: Float32Array): GalleryMatch;
  /** 1:1: returns the best score against one person's templates; null if the person has none. */
  verify(person: string, probe: Float32Array): number | null;
}
