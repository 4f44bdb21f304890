import { apply, fitSimilarity } from '../geometry.ts';
import type { Box, Point } from '../image.ts';
import type { FaceQuality } from '../quality.ts';
import { eyeAxis } from './shape.ts';

/** Position of a crop in the camera's frame: `frame = (x, y) + crop × scale`, in the frame's pixels. */
export interface CropPlace {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** One observation of the face, as the core has it after finding the landmarks of a frame. */
export interface Observation {
  /** Milliseconds on one clock; strictly increasing. */
  readonly takenAt: number;
  /** 68 points of iBUG, in pixels of the (unmirrored) picture. */
  readonly landmarks: readonly Point[];
  readonly box: Box;
  /** Degrees; yaw positive to the person's own left, pitch positive up. The estimates of the quality measurement. */
  readonly quality: Pick<FaceQuality, 'yaw' | 'pitch'>;
  /**
   * Position of the picture in the camera's frame, if it is a crop that follows the face. Without it the picture counts as the
   * whole frame, or a crop of constant scale, and position jumps are not checked.
   */
  readonly place?: CropPlace | undefined;
  /** Cosine of this very face with the recognised person. */
  readonly likeness: number;
}

/** An observation in coordinates of the camera's frame. */
export interface Sample {
  readonly at: number;
  readonly landmarks: readonly Point[];
  readonly yaw: number;
  readonly pitch: number;
  /** Whether positions in the frame may be compared. */
  readonly placed: boolean;
}

/** Returns an observation with its landmarks in the frame's pixels; without a place they stay in the picture's. */
export function sampleOf(o: Observation): Sample {
  const { takenAt: at, place, landmarks } = o;
  const { yaw, pitch } = o.quality;
  if (!place) return { at, landmarks, yaw, pitch, placed: false };
  const inFrame = landmarks.map(([x, y]): Point => [place.x + x * place.scale, place.y + y * place.scale]);
  return { at, landmarks: inFrame, yaw, pitch, placed: true };
}

/** Maximum time between two samples of one burst, ms. What happens in a longer gap is not seen. */
export const LONGEST_GAP = 700;
/** Maximum change of size between two samples. */
const GROWTH = 1.25;
/** Maximum turn between two samples, degrees. */
const TURN = 28;
/** Maximum change of shape between two samples: RMS of the landmarks after a similarity, in eye distances. */
const CHANGE = 0.16;
/** Maximum movement between two samples, in eye distances. */
const MOVE = 1.2;

/** Returns null if `next` can be the same head a moment later; otherwise why not. */
export function breakBetween(last: Sample, next: Sample): 'gap' | 'jump' | null {
  const wait = next.at - last.at;
  if (!(wait > 0) || wait > LONGEST_GAP) return 'gap';
  const change = compare(last, next);
  if (Math.max(change.growth, 1 / change.growth) > GROWTH) return 'jump';
  if (Math.abs(next.yaw - last.yaw) > TURN || change.shape > CHANGE) return 'jump';
  if (last.placed && next.placed && change.move > MOVE) return 'jump';
  return null;
}

/** Compares the landmarks: scale, RMS after a similarity fit, and movement of their centre, in eye distances. */
export function compare(last: Sample, next: Sample): { growth: number; shape: number; move: number } {
  const s = fitSimilarity(last.landmarks, next.landmarks);
  const growth = Math.hypot(s.a, s.b);
  const n = next.landmarks.length;
  let squares = 0;
  let [dx, dy] = [0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = apply(s, last.landmarks[i]!);
    const [u, v] = next.landmarks[i]!;
    squares += (u - x) ** 2 + (v - y) ** 2;
    dx += (u - last.landmarks[i]![0]) / n;
    dy += (v - last.landmarks[i]![1]) / n;
  }
  const unit = eyeAxis(next.landmarks).distance;
  return { growth, shape: Math.sqrt(squares / n) / unit, move: Math.hypot(dx, dy) / unit };
}
