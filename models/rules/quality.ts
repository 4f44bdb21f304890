import { extentOf, squareAround } from './geometry.ts';
import type { Box, Point, RgbImage } from './image.ts';
import { Taps, windowToLuma } from './pixels.ts';
import { headPose } from './pose.ts';
import type { QualityReason } from './reasons.ts';
import { visibleFeatures } from './visibility.ts';

/** Measured quality of one face. Plain numbers, for a policy to judge. */
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

/** The first reason why this face can't be used yet, or null. */
export type QualityVerdict = QualityReason | null;

/** A policy's requirements. Angles are maximum absolute values, degrees. */
export interface QualityThresholds {
  readonly minSize: number;
  /** Maximum share of the frame's height that a face may fill; checked only if the frame is known. */
  readonly maxShare: number;
  /** Maximum distance of the face's centre from the frame's, as a share of the frame's shorter side. */
  readonly maxOffCentre: number;
  readonly minBrightness: number;
  readonly maxBrightness: number;
  readonly minContrast: number;
  readonly minSharpness: number;
  readonly maxYaw: number;
  readonly maxPitch: number;
  readonly maxRoll: number;
  readonly minVisible: number;
}

/** Check-in: as lenient as recognition allows, since a rejection costs a person at the door some seconds. */
export const CHECKIN_QUALITY: QualityThresholds = {
  minSize: 64,
  maxShare: 0.9,
  maxOffCentre: 0.35,
  minBrightness: 40,
  maxBrightness: 225,
  minContrast: 10,
  minSharpness: 15,
  maxYaw: 28,
  maxPitch: 25,
  maxRoll: 30,
  minVisible: 0.5,
};

/** Enrolment: stricter, since a poor template affects every check-in. The yaw limit is wide, since turned poses are asked for. */
export const ENROLMENT_QUALITY: QualityThresholds = {
  minSize: 96,
  maxShare: 0.85,
  maxOffCentre: 0.3,
  minBrightness: 55,
  maxBrightness: 215,
  minContrast: 14,
  minSharpness: 25,
  maxYaw: 42,
  maxPitch: 30,
  maxRoll: 20,
  minVisible: 0.6,
};

/**
 * Photos taken by others, of people who aren't present to try again: only what embeds badly is rejected. Grey pictures of 64 × 51
 * to 120 × 96 pixels, made from 60 faces of photos, have boxes of 32 to 48 pixels at the smaller end and scored 0.5 to 0.9
 * against their originals; heads rolled by 48° or pitched by 42° scored 0.74 to 0.93. Low-contrast pictures have a low variance
 * of the Laplacian however sharp they are: 14 of them with 3 to 8 had a median score of 0.66 against other pictures of the same
 * face.
 */
export const IMPORT_QUALITY: QualityThresholds = {
  minSize: 24,
  maxShare: 1,
  maxOffCentre: 1,
  minBrightness: 25,
  maxBrightness: 240,
  minContrast: 8,
  minSharpness: 3,
  maxYaw: 50,
  maxPitch: 45,
  maxRoll: 60,
  minVisible: 0.2,
};

/** What is known about the frame around the face. Omit what is unknown. */
export interface QualityContext {
  readonly faces?: number;
  readonly frame?: { readonly width: number; readonly height: number };
  readonly box?: Box;
}

/**
 * Returns the first reason, in the order of QUALITY_REASONS, why a face can't be used yet; null if it can. Reasons about the
 * frame (several faces, too close, off centre) are checked only if `context` has the data.
 */
export function judgeQuality(
  quality: FaceQuality,
  thresholds: QualityThresholds,
  context: QualityContext = {},
): QualityVerdict {
  const { faces = 1, frame, box } = context;
  if (faces < 1) return 'no-face';
  if (faces > 1) return 'several-faces';
  // Written so that NaN, for which every comparison is false, is rejected.
  if (!(quality.size >= thresholds.minSize)) return 'too-far';
  if (frame && box) {
    if (box[3] > thresholds.maxShare * frame.height) return 'too-close';
    const off = Math.hypot(box[0] + box[2] / 2 - frame.width / 2, box[1] + box[3] / 2 - frame.height / 2);
    if (off > thresholds.maxOffCentre * Math.min(frame.width, frame.height)) return 'off-centre';
  }
  if (!(quality.brightness >= thresholds.minBrightness)) return 'too-dark';
  if (!(quality.brightness <= thresholds.maxBrightness)) return 'too-bright';
  if (!(quality.contrast >= thresholds.minContrast)) return 'low-contrast';
  if (!(Math.abs(quality.yaw) <= thresholds.maxYaw)) return 'turned';
  if (!(Math.abs(quality.pitch) <= thresholds.maxPitch)) return 'tilted';
  if (!(Math.abs(quality.roll) <= thresholds.maxRoll)) return 'tilted';
  if (!(quality.sharpness >= thresholds.minSharpness)) return 'blurred';
  if (!(quality.visible >= thresholds.minVisible)) return 'occluded';
  return null;
}

/**
 * Returns how good a picture is for a template, 0 to 100: its weakest measure. 50 is just accepted at enrolment; at 100 a better
 * picture would not help. Head turns don't lower the score, since they are requested.
 */
export function qualityScore({ size, brightness, contrast, sharpness, visible }: FaceQuality): number {
  const { minSize, minBrightness, maxBrightness, minContrast, minSharpness, minVisible } = ENROLMENT_QUALITY;
  const shares = [
    size / (2 * minSize),
    brightness / (2 * minBrightness),
    (255 - brightness) / (2 * (255 - maxBrightness)),
    contrast / (2 * minContrast),
    sharpness / (2 * minSharpness),
    1 - (1 - visible) / (2 * (1 - minVisible)),
  ];
  return Math.round(100 * Math.max(0, Math.min(1, ...shares)));
}

/** Side of the crop on which light and sharpness are measured. */
const SIDE = 112;
const BYTES = { mean: 0, scale: 1 };

/** Buffers for one measurement at a time. Concurrent measurements need one each. */
export class QualityScratch {
  readonly luma = new Float32Array(SIDE * SIDE);
  readonly taps = new Taps(SIDE);
}

/**
 * Measures the face in `box`.
 * @param landmarks 68 points in the picture's pixels
 */
export function measureQuality(
  image: RgbImage,
  box: Box,
  landmarks: readonly Point[],
  scratch = new QualityScratch(),
): FaceQuality {
  const { misfit, ...pose } = headPose(landmarks);
  const { luma, taps } = scratch;
  windowToLuma(image, squareAround(box), SIDE, SIDE, BYTES, 0, luma, taps);
  const light = lightOf(luma);
  const sharpness = laplacianVariance(luma);
  const face = squareAround(extentOf(landmarks));
  const scale = SIDE / face[2];
  const inFace = landmarks.map(([x, y]): Point => [(x - face[0]) * scale, (y - face[1]) * scale]);
  windowToLuma(image, face, SIDE, SIDE, BYTES, 0, luma, taps);
  const visible = inPicture(image, landmarks) * plausible(misfit) * visibleFeatures(luma, SIDE, inFace);
  return { size: Math.min(box[2], box[3]), ...light, sharpness, ...pose, visible };
}

/** Mean and standard deviation over a disc in the centre of the crop, which contains little hair or background. */
function lightOf(luma: Float32Array): { brightness: number; contrast: number } {
  let n = 0;
  let sum = 0;
  let squares = 0;
  const middle = (SIDE - 1) / 2;
  const radius = SIDE * 0.42;
  for (let y = 0; y < SIDE; y++) {
    const half = Math.floor(Math.sqrt(Math.max(0, radius * radius - (y - middle) * (y - middle))));
    const end = Math.min(SIDE - 1, Math.floor(middle + half));
    for (let x = Math.max(0, Math.ceil(middle - half)); x <= end; x++) {
      const v = luma[y * SIDE + x]!;
      n++;
      sum += v;
      squares += v * v;
    }
  }
  const brightness = sum / n;
  return { brightness, contrast: Math.sqrt(Math.max(0, squares / n - brightness * brightness)) };
}

/** Variance of the 4-neighbour Laplacian (Pech-Pacheco et al. 2000) over the middle three quarters of the crop. */
function laplacianVariance(luma: Float32Array): number {
  const from = SIDE >> 3;
  const to = SIDE - from;
  let sum = 0;
  let squares = 0;
  for (let y = from; y < to; y++) {
    for (let x = from; x < to; x++) {
      const i = y * SIDE + x;
      const v = luma[i - 1]! + luma[i + 1]! + luma[i - SIDE]! + luma[i + SIDE]! - 4 * luma[i]!;
      sum += v;
      squares += v * v;
    }
  }
  const n = (to - from) ** 2;
  return squares / n - (sum / n) ** 2;
}

/** Share of the landmarks that are inside the picture. */
function inPicture(image: RgbImage, landmarks: readonly Point[]): number {
  let inside = 0;
  for (const [x, y] of landmarks) if (x >= 0 && y >= 0 && x < image.width && y < image.height) inside++;
  return inside / landmarks.length;
}

/** 1 for landmarks that fit a head, falling to 0 with increasing misfit. */
function plausible(misfit: number): number {
  return 1 / (1 + (misfit / 0.15) ** 4);
}
