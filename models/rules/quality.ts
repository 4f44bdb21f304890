import type { QualityReason } from './reasons.ts';

/** Measured quality of one face; pure numbers, so that a policy can judge them. */
export interface FaceQuality {
  /** Shorter side of the face box, pixels. */
  readonly size: number;
  /** Mean luma of the face, 0..255. */
  readonly brightness: number;
  /** Standard deviation of luma of the face, 0..128. */
  readonly contrast: number;
  /** Variance of the Laplacian of the 112×112-scaled face; higher is sharper. */
  readonly sharpness: number;
  /** Estimated head angles in degrees: yaw > 0 to the person's left, pitch > 0 up, roll > 0 clockwise in the picture. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** 0..1, how plausible it is that the whole face is visible. */
  readonly visible: number;
}

/** The first reason why this face can't be used yet, or null. Filled in by the quality gate. */
export type QualityVerdict = QualityReason | null;
