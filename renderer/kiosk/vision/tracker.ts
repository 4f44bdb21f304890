import { PASSER_BY } from './guide.ts';
import type { Detection } from './messages.ts';

/** What happened to the one face that matters, from one frame to the next. */
export interface Track {
  /** A face is there, or was until less than `GONE_MS` ago. */
  readonly present: boolean;
  /** It is gone, or another one took its place at once. */
  readonly left: boolean;
  /** Box widths a second. */
  readonly speed: number;
}

/** A face that is missed for a few frames (a hand, a blink of the detector) is still the same visit. */
export const GONE_MS = 800;
/** A jump of more box widths than this, from one sight of a face to the next, is another person. */
const JUMP = 1.6;
/** A face so many times as wide, or as narrow, as the one before is another person's: of two in a line the one behind is half as wide. */
const GROWTH = 1.5;

/** Follows the largest face over time. Holds the one bit of state that a visit hangs on. */
export function createTracker() {
  let last: { at: number; x: number; y: number; w: number } | null = null;
  return {
    step(s: Detection): Track {
      const face = s.faces[0];
      const before = last;
      if (!face || face.box[3] < s.height * PASSER_BY) {
        if (before && s.at - before.at > GONE_MS) {
          last = null;
          return { present: false, left: true, speed: 0 };
        }
        return { present: before !== null, left: false, speed: 0 };
      }
      const [left, top, w, h] = face.box;
      const now = { at: s.at, x: left + w / 2, y: top + h / 2, w };
      last = now;
      if (!before) return { present: true, left: false, speed: 0 };
      const moved = Math.hypot(now.x - before.x, now.y - before.y) / Math.max(before.w, w);
      const elapsed = Math.max(1, now.at - before.at) / 1000;
      const another = moved > JUMP || Math.max(w / before.w, before.w / w) > GROWTH;
      return { present: true, left: another, speed: another ? 0 : moved / elapsed };
    },
    reset(): void {
      last = null;
    },
  };
}
