import {
  CHECKIN_QUALITY,
  type FaceQuality,
  judgeQuality,
  type QualityThresholds,
} from '../../../models/rules/quality.ts';
import { QUALITY_REASONS, type QualityReason } from '../../../models/rules/reasons.ts';
import type { Detection, FaceSample, FoundFace } from './messages.ts';

/**
 * What the screen itself can tell about a face before the core judges it: distance, position, light, stillness. It responds
 * sooner than the core and spares it hopeless pictures. The core's own quality gate has the last word.
 */

/** A face box smaller than this share of the frame's height is a passer-by, who is ignored. */
export const PASSER_BY = 0.1;
/** Below this the person has to come closer. Someone who merely walks past has not asked to be checked in. */
const NEAR = 0.2;
/** Of two faces, one whose height is below this share of the other's is well behind. */
const BESIDE = 0.6;

/**
 * Counts the people who stand about as near as the nearest: with them it is unclear who is meant. People who wait further
 * back or pass by have not asked to be checked in, and hold nobody up.
 */
export const othersBeside = ({ faces }: Detection): number =>
  faces.slice(1).filter(({ box }) => box[3] >= faces[0]!.box[3] * BESIDE).length;

/** Box widths per second. Faster movement will be blurred. */
const STILL = 1.1;

/** A covered lens: the picture is dark, or without any detail. */
const COVERED = { mean: 22, deviation: 5 } as const;

export type Pose = 'straight' | 'any';

/** Returns where the head points, from MediaPipe's points alone: rough, but enough to tell the direction. */
export function headOf(face: FoundFace): { turn: number; tilt: number } {
  const [a, b, nose] = face.points;
  if (!a || !b || !nose) return { turn: 0, tilt: 0 };
  const between = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
  // Measured along the line of the eyes, so that a tilted head is not mistaken for a turned one.
  const turn = ((nose[0] - middle[0]) * (b[0] - a[0]) + (nose[1] - middle[1]) * (b[1] - a[1])) / (between * between);
  return { turn, tilt: (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI };
}

/** Whether the lens seems covered, judged by a frame without a face. */
export const isCovered = (sample: FaceSample): boolean =>
  sample.frame !== null && (sample.frame.mean < COVERED.mean || sample.frame.deviation < COVERED.deviation);

/** How bright the background must be, absolutely and against the face, to make the camera show the face dark. */
const BACKLIGHT = { least: 90, ratio: 2 } as const;
/** Reasons that backlight causes when only the face is measured. */
const AGAINST_LIGHT: readonly string[] = ['too-dark', 'low-contrast'];

/** Whether the background is so bright that the camera shows the face dark. */
export const isBacklit = ({ brightness, around }: NonNullable<FaceSample['face']>): boolean =>
  around !== null && around >= BACKLIGHT.least && around >= BACKLIGHT.ratio * brightness;

/**
 * Replaces the reason by its cause if that is what has to change: a dark face before a bright window needs no lamp. Only an
 * existing reason is explained. A good enough face, of any skin tone, is not corrected before a bright wall.
 */
export const explained = <R extends string>(reason: R | null, sample: FaceSample | null): R | 'backlit' | null =>
  reason !== null && AGAINST_LIGHT.includes(reason) && sample?.face && isBacklit(sample.face) ? 'backlit' : reason;

/**
 * How many of the checks passed, in their order. Drives the first half of the ring.
 *
 * @returns 0..1: the share of the checks before `reason`; 1 if nothing is wrong
 */
export function readiness(reason: string | null): number {
  if (reason === null) return 1;
  const at = (QUALITY_REASONS as readonly string[]).indexOf(reason);
  return at < 0 ? 0.5 : at / QUALITY_REASONS.length;
}

/** Distance of the nose from the plane of the eyes, in eye distances. Converts the nose's shift into an angle. */
const NOSE = 0.6;
const UNKNOWN = { brightness: 128, contrast: 60, sharpness: 200, around: null } as const;

/**
 * Returns the first thing the person should change, or null if the face is good enough to be sent. The limits are the
 * core's own (`policy`), applied to what can be measured without landmarks.
 *
 * @param sample null if no pixels have been measured yet; light then counts as good
 * @param speed of the face, box widths per second
 * @param pose `any` if a turned head was requested
 */
export function judge(
  s: Detection,
  sample: FaceSample | null,
  speed: number,
  pose: Pose,
  policy: QualityThresholds = CHECKIN_QUALITY,
): QualityReason | null {
  const face = s.faces[0];
  if (!face) return sample && isCovered(sample) ? 'covered' : 'no-face';
  if (othersBeside(s) > 0) return 'several-faces';
  const [, , w, h] = face.box;
  if (h < s.height * NEAR) return 'too-far';
  const { turn, tilt } = headOf(face);
  const free = pose === 'any';
  const quality: FaceQuality = {
    size: Math.min(w, h),
    ...(sample?.face ?? UNKNOWN),
    yaw: free ? 0 : (Math.atan(turn / NOSE) * 180) / Math.PI,
    pitch: 0,
    roll: free ? 0 : tilt,
    visible: 1,
  };
  const reason = explained(judgeQuality(quality, policy, { faces: 1, frame: s, box: face.box }), sample);
  if (free && reason === 'blurred') return null;
  return reason ?? (!free && speed > STILL ? 'blurred' : null);
}
