import { PASSER_BY } from './guide.ts';
import type { Detection } from './messages.ts';

/** How the face in front changed from one frame to the next. */
export interface Track {
  /** A face is in view, or was less than `GONE_MS` ago. */
  readonly present: boolean;
  /** It has left, or another one replaced it at once. */
  readonly left: boolean;
  /**
   * It was out of view for a moment, or moved farther than a head does between two pictures: another face of the same size may have
   * taken its place.
   */
  readonly doubtful: boolean;
  /** Box widths per second. */
  readonly speed: number;
}

/** A face missing for a few frames (a hand, a failure of the detector) is still the same visit. */
export const GONE_MS = 800;
/** A jump of more box widths than this between two detections is another person. */
const JUMP = 1.6;
/** A face wider or narrower by more than this factor is another person's: in a line, the one behind is half as wide. */
const GROWTH = 1.5;
/** After a smaller jump than `JUMP`, and a smaller growth, than these it is certainly the same face. */
const STEP = 0.4;
const STEP_GROWTH = 1.25;

/** Tracks the largest face over time. Holds the only state that a visit depends on. */
export function createTracker() {
  let last: { at: number; x: number; y: number; w: number } | null = null;
  let missed = false;
  return {
    step(s: Detection): Track {
      const face = s.faces[0];
      const before = last;
      if (!face || face.box[3] < s.height * PASSER_BY) {
        missed = true;
        if (before && s.at - before.at > GONE_MS) {
          last = null;
          return { present: false, left: true, doubtful: false, speed: 0 };
        }
        return { present: before !== null, left: false, doubtful: false, speed: 0 };
      }
      const [left, top, w, h] = face.box;
      const now = { at: s.at, x: left + w / 2, y: top + h / 2, w };
      last = now;
      const returned = missed;
      missed = false;
      if (!before) return { present: true, left: false, doubtful: false, speed: 0 };
      const moved = Math.hypot(now.x - before.x, now.y - before.y) / Math.max(before.w, w);
      const elapsed = Math.max(1, now.at - before.at) / 1000;
      const grown = Math.max(w / before.w, before.w / w);
      const another = moved > JUMP || grown > GROWTH;
      const doubtful = returned || moved > STEP || grown > STEP_GROWTH;
      return { present: true, left: another, doubtful, speed: another ? 0 : moved / elapsed };
    },
    reset(): void {
      last = null;
      missed = false;
    },
  };
}
