import type { Box, Point } from './image.ts';

/**
 * How plausible it is that eyes and mouth are visible. The landmark model puts its 68 points on anything, so they prove nothing.
 * This checks the pixels below them: an eye or a mouth is a dark streak between brighter skin, which is missing under a mask, a
 * hand or dark glasses.
 *
 * Tested on 52 faces (group photos, stills) and on the same with masks, hands and dark glasses painted in: at 0.5 it rejects all
 * of the masks, 51 hands and 47 glasses, and one clean near-profile face. Painted covers are flatter than real ones, so treat
 * this as a hint to the person, never as proof of an uncovered face.
 */

/** Strength of a streak, as a percentage of the cheeks' luma, at which it counts as absent and as present. */
const EYE = { absent: 1.5, present: 7 } as const;
const MOUTH = { absent: 1, present: 5 } as const;
/** Half height of the streaks searched for, as a share of the crop's side. */
const REACH = 1 / 28;

/**
 * @param luma of the square around the landmarks, `side` × `side`, 0..255
 * @param landmarks 68 points in the crop's pixels
 * @returns 0..1
 */
export function visibleFeatures(luma: Float32Array, side: number, landmarks: readonly Point[]): number {
  const at = (i: number) => landmarks[i]!;
  const eyes = Math.hypot(at(45)[0] - at(36)[0], at(45)[1] - at(36)[1]);
  const cheekTop = at(30)[1] - 0.1 * eyes;
  const cheeks = Math.max(
    meanLuma(luma, side, [at(36)[0], cheekTop, 0.25 * eyes, 0.2 * eyes]),
    meanLuma(luma, side, [at(45)[0] - 0.25 * eyes, cheekTop, 0.25 * eyes, 0.2 * eyes]),
    1,
  );
  const seen = (from: number, to: number, margin: number, { absent, present }: typeof EYE | typeof MOUTH) => {
    const strength = (100 * streak(luma, side, boundsWithin(landmarks, from, to, margin))) / cheeks;
    return Math.min(1, Math.max(0, (strength - absent) / (present - absent)));
  };
  return Math.min(seen(36, 41, 2, EYE), seen(42, 47, 2, EYE), seen(48, 59, 1, MOUTH));
}

/** Returns the bounds of landmarks `from`..`to`, extended by `margin` above and below. */
function boundsWithin(landmarks: readonly Point[], from: number, to: number, margin: number): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = from; i <= to; i++) {
    const [x, y] = landmarks[i]!;
    x0 = Math.min(x0, x);
    y0 = Math.min(y0, y);
    x1 = Math.max(x1, x);
    y1 = Math.max(y1, y);
  }
  return [x0, y0 - margin, x1 - x0, y1 - y0 + 2 * margin];
}

/** Returns the mean positive second difference between rows: how much darker a row is than those above and below. */
function streak(luma: Float32Array, side: number, box: Box): number {
  const reach = Math.max(1, Math.round(side * REACH));
  const [x0, y0, x1, y1] = clip(box, side, reach);
  let sum = 0;
  let n = 0;
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const i = y * side + x;
      const difference = luma[i - reach * side]! + luma[i + reach * side]! - 2 * luma[i]!;
      if (difference > 0) sum += difference;
      n++;
    }
  }
  return n > 3 ? sum / n : 0;
}

function meanLuma(luma: Float32Array, side: number, box: Box): number {
  const [x0, y0, x1, y1] = clip(box, side, 0);
  let sum = 0;
  let n = 0;
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      sum += luma[y * side + x]!;
      n++;
    }
  }
  return n > 0 ? sum / n : 0;
}

/** Returns first and last column and row of `box` within the crop, at least `reach` rows from its top and bottom. */
function clip([x, y, w, h]: Box, side: number, reach: number): [number, number, number, number] {
  return [
    Math.max(0, Math.round(x)),
    Math.max(reach, Math.round(y)),
    Math.min(side - 1, Math.round(x + w)),
    Math.min(side - 1 - reach, Math.round(y + h)),
  ];
}
