import type { Calibration } from '../rules/decision.ts';
import type { Box, FivePoints, Point, RgbImage } from '../rules/image.ts';
import type { FaceQuality } from '../rules/quality.ts';

/** What is known of one face after landmarks: enough to judge it, before the dearer embedding. */
export interface FaceShape {
  readonly box: Box;
  /** 68 points in the picture's pixels (iBUG order). */
  readonly landmarks: readonly Point[];
  /** The points by which the face is aligned. */
  readonly five: FivePoints;
  readonly quality: FaceQuality;
}

/** A model that an operator brought: it can say that a face is no living one, and never lets anyone in. */
export interface PassiveLiveness {
  /** As a template's: its file and the first 12 of its SHA-256. */
  readonly model: string;
  /** Whether the face in `box` scores the model's threshold or more; what is no number does not. */
  isLive(image: RgbImage, box: Box): Promise<boolean>;
}

export interface FacePipeline {
  /** Id of the embedder, e.g. `fr_feature@<first 12 of its SHA-256>`; templates carry it and are never compared across models. */
  readonly model: string;
  readonly length: number;
  /** How the scores of its embeddings are read. */
  readonly calibration: Calibration;
  /** Null: the operator brought none. */
  readonly passive: PassiveLiveness | null;
  /** Faces of a whole picture, largest first; retries with a border as DESIGN says. */
  detect(image: RgbImage): Promise<{ box: Box; score: number }[]>;
  /** Landmarks, five points and quality of the face in `box`. */
  shape(image: RgbImage, box: Box): Promise<FaceShape>;
  /**
   * `length` float32, L2-normalised.
   * @param options.mirrored averages in the mirrored face: misses fewer people, and takes twice as long
   */
  embed(image: RgbImage, five: FivePoints, options?: { readonly mirrored: boolean }): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Answer of an exact 1:N search. Scores are cosines. */
export interface GalleryMatch {
  readonly best: { readonly person: string; readonly template: string; readonly score: number } | null;
  /** The best score of any *other* person; null when there is none. */
  readonly second: { readonly person: string; readonly score: number } | null;
  readonly people: number;
  readonly templates: number;
}

/** Exact 1:N gallery, over one template a person or several; adds and removes without a rebuild. */
export interface FaceGallery {
  readonly people: number;
  readonly templates: number;
  /** @param weight what its cosines count by, above 0 and at most 1; 1 by default */
  add(template: string, person: string, embedding: Float32Array, weight?: number): void;
  removePerson(person: string): number;
  search(probe: Float32Array): GalleryMatch;
  /** 1:1: the best score against one person's templates; null when the person has none. */
  verify(person: string, probe: Float32Array): number | null;
}
