import type { Point } from '../image.ts';

/** Measures on 68 iBUG landmarks (counted from 0) that the liveness steps share. Lengths in the landmarks' own pixels. */

/**
 * Points near one plane of the head, that of eyes, brows and mouth corners. All except the brows and the middle of the lips stay
 * in place on the skull. The nose is in front of the plane; the jaw is behind it and slides along the outline as a head turns.
 */
export const PLANE_POINTS: readonly number[] = [
  ...Array.from({ length: 12 }, (_, i) => 36 + i),
  ...Array.from({ length: 10 }, (_, i) => 17 + i),
  48,
  51,
  54,
  57,
];

/** Nose tip: the point of a face furthest in front of that plane. */
export const NOSE_TIP = 30;

const centre = (points: readonly Point[], from: number, to: number): Point => {
  let x = 0;
  let y = 0;
  for (let i = from; i <= to; i++) {
    x += points[i]![0];
    y += points[i]![1];
  }
  return [x / (to - from + 1), y / (to - from + 1)];
};

const gap = (p: Point, q: Point): number => Math.hypot(p[0] - q[0], p[1] - q[1]);

/** Unit vector along the eyes towards the right of the picture, and the distance of the eye centres. */
export function eyeAxis(landmarks: readonly Point[]): { readonly axis: Point; readonly distance: number } {
  const [x0, y0] = centre(landmarks, 36, 41);
  const [x1, y1] = centre(landmarks, 42, 47);
  const distance = Math.hypot(x1 - x0, y1 - y0) || 1e-9;
  return { axis: [(x1 - x0) / distance, (y1 - y0) / distance], distance };
}

/** Distance from the midpoint of the eyes to that of the mouth corners, a size that turning the head doesn't change. */
export function faceHeight(landmarks: readonly Point[]): number {
  const mouth: Point = [(landmarks[48]![0] + landmarks[54]![0]) / 2, (landmarks[48]![1] + landmarks[54]![1]) / 2];
  return gap(centre(landmarks, 36, 47), mouth) || 1e-9;
}

/** Eye distance over face height: largest when a face, or a picture of one, is seen straight on. */
export const breadth = (landmarks: readonly Point[]): number => eyeAxis(landmarks).distance / faceHeight(landmarks);
