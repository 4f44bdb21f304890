import { ENROLMENT_QUALITY } from '../../../models/rules/quality.ts';
import type { Detection, FaceSample } from './messages.ts';

/** What the camera's position and the light do to the face of someone who stands where people will stand. Pure. */

/** What is wrong with each; null: nothing. `low` and `high` say where the camera is, `far` and `near` where the person is. */
export interface Mounting {
  readonly light: 'backlit' | 'dark' | 'bright' | null;
  readonly height: 'low' | 'high' | null;
  readonly distance: 'far' | 'near' | null;
}

/** One frame, as shares of the frame's height where they are places. */
export interface MountingNumbers {
  /** Luma of the face, and of what is behind it, 0..255. */
  readonly face: number;
  readonly behind: number | null;
  /** Of the face's box. */
  readonly share: number;
  /** Where the eyes are, from the top. */
  readonly eyes: number;
  /** Shorter side of the face's box, pixels. */
  readonly size: number;
}

/**
 * With room to spare to the limits of a check-in: people are smaller and taller, and evenings darker, than when it is mounted.
 * Shares of the frame's height, and luma.
 */
export const MOUNTED = {
  face: { dark: 75, bright: 200 },
  /** Behind so many times as bright as a dark face is light from behind. */
  behind: 1.8,
  eyes: { from: 0.24, to: 0.56 },
  share: { from: 0.24, to: 0.62 },
} as const;

/** @returns null without one face alone that was measured */
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

/** By the middle one of the last frames, so that a step or a nod does not change what is said. */
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

export function mountingOf({ face, behind, share, eyes, size }: MountingNumbers): Mounting {
  const dark = face < MOUNTED.face.dark;
  const backlit = dark && behind !== null && behind >= MOUNTED.behind * face;
  const light = backlit ? 'backlit' : dark ? 'dark' : face > MOUNTED.face.bright ? 'bright' : null;
  // A face at the top of the picture: the camera looks at chests.
  const height = eyes < MOUNTED.eyes.from ? 'low' : eyes > MOUNTED.eyes.to ? 'high' : null;
  const far = share < MOUNTED.share.from || size < ENROLMENT_QUALITY.minSize;
  return { light, height, distance: far ? 'far' : share > MOUNTED.share.to ? 'near' : null };
}
