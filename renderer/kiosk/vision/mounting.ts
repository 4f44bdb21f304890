import { ENROLMENT_QUALITY } from '../../../models/rules/quality.ts';
import type { Detection, FaceSample } from './messages.ts';

/** What the camera's position and the light do to the face of someone standing where people will stand. Pure. */

/** What is wrong with each; null: nothing. `low` and `high` refer to the camera, `far` and `near` to the person. */
export interface Mounting {
  readonly light: 'backlit' | 'dark' | 'bright' | null;
  readonly height: 'low' | 'high' | null;
  readonly distance: 'far' | 'near' | null;
}

/** Measurements of one frame. Positions are shares of the frame's height. */
export interface MountingNumbers {
  /** Luma of the face, and of what is behind it, 0..255. */
  readonly face: number;
  readonly behind: number | null;
  /** Height of the face's box. */
  readonly share: number;
  /** Position of the eyes, from the top. */
  readonly eyes: number;
  /** Shorter side of the face's box, pixels. */
  readonly size: number;
}

/**
 * Stricter than the limits of a check-in: other people are smaller and taller, and evenings darker, than when it is mounted.
 * Shares of the frame's height, and luma.
 */
export const MOUNTED = {
  face: { dark: 75, bright: 200 },
  /** A background at least this many times as bright as a dark face is backlight. */
  behind: 1.8,
  eyes: { from: 0.24, to: 0.56 },
  share: { from: 0.24, to: 0.62 },
} as const;

/** @returns null unless there is exactly one face and it was measured */
export function numbersOf(s: Detection, sample: FaceSample | null): MountingNumbers | null {
  const [face, another] = s.faces;
  if (!face || another || !sample?.face) return null;
  const [, top, w, h] = face.box;
  const [a, b] = face.points;
  const eyes = a && b ? (a[1] + b[1]) / 2 : top + 0.3 * h;
  return {
    face: sample.face.brightness,
    behind: sample.face.around,
    share: h / s.height,
    eyes: eyes / s.height,
    size: Math.min(w, h),
  };
}

/** Returns the median of each number over the last frames, so that a step or a nod does not change the findings. */
export function middleOf(frames: readonly MountingNumbers[]): MountingNumbers | null {
  const middle = (of: (f: MountingNumbers) => number | null): number | null => {
    const known = frames.map(of).filter((v) => v !== null);
    return known.sort((p, q) => p - q)[known.length >> 1] ?? null;
  };
  const [face, share, eyes, size] = [
    middle((f) => f.face),
    middle((f) => f.share),
    middle((f) => f.eyes),
    middle((f) => f.size),
  ];
  if (face === null || share === null || eyes === null || size === null) return null;
  return { face, behind: middle((f) => f.behind), share, eyes, size };
}

/** Returns what is wrong with light, height and distance, by the limits of `MOUNTED`. */
export function mountingOf({ face, behind, share, eyes, size }: MountingNumbers): Mounting {
  const dark = face < MOUNTED.face.dark;
  const backlit = dark && behind !== null && behind >= MOUNTED.behind * face;
  const light = backlit ? 'backlit' : dark ? 'dark' : face > MOUNTED.face.bright ? 'bright' : null;
  // With the face at the top of the picture, the camera is too low.
  const height = eyes < MOUNTED.eyes.from ? 'low' : eyes > MOUNTED.eyes.to ? 'high' : null;
  const far = share < MOUNTED.share.from || size < ENROLMENT_QUALITY.minSize;
  return { light, height, distance: far ? 'far' : share > MOUNTED.share.to ? 'near' : null };
}
