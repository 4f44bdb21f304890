import {
  CHECKIN_QUALITY,
  type FaceQuality,
  judgeQuality,
  type QualityThresholds,
} from '../../../models/rules/quality.ts';
import { QUALITY_REASONS, type QualityReason } from '../../../models/rules/reasons.ts';
import type { Detection, FaceSample, FoundFace } from './messages.ts';

/**
 * What the screen itself can see of a face, before the core looks at it: distance, place, light, stillness. It speaks
 * sooner than the core and spares it hopeless pictures; the core's own quality gate has the last word.
 */

/** Face box relative to the frame's height: a smaller one is a passer-by, who is ignored. */
export const PASSER_BY = 0.1;
/** Smaller still has to come closer: who only walks past has not asked to be checked in. */
const NEAR = 0.2;
/** Of two faces the lower one's height against the other's: less, and it is well behind. */
const BESIDE = 0.6;

/**
 * Further people who stand about as near as the nearest: with them it is not clear who is meant. Who waits in line further back,
 * or passes by, has not asked to be checked in, and keeps nobody waiting.
 */
export const othersBeside = ({ faces }: Detection): number =>
  faces.slice(1).filter(({ box }) => box[3] >= faces[0]!.box[3] * BESIDE).length;

/** Box widths a second: faster will be blurred. */
const STILL = 1.1;

/** A covered lens: dark, or without any detail at all. */
const COVERED = { mean: 22, deviation: 5 } as const;

export type Pose = 'straight' | 'any';

/** Where the head points, from MediaPipe's points alone: rough, but enough to say which way. */
export function headOf(face: FoundFace): { turn: number; tilt: number } {
  const [a, b, nose] = face.points;
  if (!a || !b || !nose) return { turn: 0, tilt: 0 };
  const between = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
  // Along the line of the eyes, so that a tilted head is not taken for a turned one.
  const turn = ((nose[0] - middle[0]) * (b[0] - a[0]) + (nose[1] - middle[1]) * (b[1] - a[1])) / (between * between);
  return { turn, tilt: (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI };
}

export const isCovered = (sample: FaceSample): boolean =>
  sample.frame !== null && (sample.frame.mean < COVERED.mean || sample.frame.deviation < COVERED.deviation);

/** The light behind a face, as it makes a camera show the face dark. */
const BACKLIGHT = { least: 90, ratio: 2 } as const;
/** What a face against the light looks like to a measurement that sees the face alone. */
const AGAINST_LIGHT: readonly string[] = ['too-dark', 'low-contrast'];

export const isBacklit = ({ brightness, around }: NonNullable<FaceSample['face']>): boolean =>
  around !== null && around >= BACKLIGHT.least && around >= BACKLIGHT.ratio * brightness;

/**
 * The reason with its cause, where that is what to change: a dark face before a bright window needs no lamp. It only names a
 * reason that is there already: before a bright wall a face that is good enough, of whatever skin, is asked for nothing.
 */
export const explained = <R extends string>(reason: R | null, sample: FaceSample | null): R | 'backlit' | null =>
  reason !== null && AGAINST_LIGHT.includes(reason) && sample?.face && isBacklit(sample.face) ? 'backlit' : reason;

/**
 * How far the checks got, in the order in which they are asked for: drives the first half of the ring.
 *
 * @returns 0..1: the share of the checks before `reason` that hold; 1 when nothing is wrong
 */
export function readiness(reason: string | null): number {
  if (reason === null) return 1;
  const at = (QUALITY_REASONS as readonly string[]).indexOf(reason);
  return at < 0 ? 0.5 : at / QUALITY_REASONS.length;
}

/** Nose before the plane of the eyes, in eye distances; turns the shift of the nose into an angle. */
const NOSE = 0.6;
const UNKNOWN = { brightness: 128, contrast: 60, sharpness: 200, around: null } as const;

/**
 * The first thing the person should change, or null when the face is good enough to be sent. The limits are those
 * that the core will apply (`policy`), on what can be seen without landmarks.
 *
 * @param sample null when no pixels have been looked at yet: then light counts as good
 * @param speed of the face, box widths a second
 * @param pose `any` when a turned head is what was asked for
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
