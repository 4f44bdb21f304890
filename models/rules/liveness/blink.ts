import { eyeOpening } from './shape.ts';
import { clamp01, median, type StepTracker } from './step.ts';

/** Eyes count as closed below this share of how far they were open, and as open again above the second. */
const CLOSED = 0.75;
const OPEN = 0.88;
/** Closed for longer than this, ms, is not a blink. */
const LONGEST = 2_500;

/** Open, closed, open again. Never proves life alone: a print bent about a horizontal axis can come close. */
export function trackBlink(): StepTracker {
  const open: number[] = [];
  let closedAt: number | null = null;
  return {
    unmet: 'no-blink',
    see(sample) {
      const opening = eyeOpening(sample.landmarks);
      if (open.length < 3) {
        open.push(opening);
        return { progress: 0, done: false };
      }
      const share = opening / median(open);
      if (closedAt === null) {
        if (share < CLOSED) closedAt = sample.at;
        else {
          open.push(opening);
          if (open.length > 8) open.shift();
        }
        return { progress: 0.6 * clamp01((1 - share) / (1 - CLOSED)), done: false };
      }
      if (sample.at - closedAt > LONGEST) {
        closedAt = null;
        open.length = 0;
        return { progress: 0, done: false };
      }
      if (share < OPEN) return { progress: 0.6, done: false };
      return { progress: 1, done: true };
    },
  };
}
