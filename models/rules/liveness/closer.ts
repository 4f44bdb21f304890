import { faceHeight } from './shape.ts';
import { clamp01, median, type StepTracker } from './step.ts';

/** How much larger the face has to become. */
const NEARER = 1.18;

/** Coming closer, steadily. Never proves life alone: any picture can be carried towards a camera. */
export function trackCloser(): StepTracker {
  const before: number[] = [];
  let last = 0;
  return {
    unmet: 'not-closer',
    see(sample) {
      const size = faceHeight(sample.landmarks);
      if (before.length < 3) {
        before.push(size);
        last = size;
        return { progress: 0, done: false };
      }
      const need = NEARER * median(before);
      const progress = clamp01((size / median(before) - 1) / (NEARER - 1));
      // Two samples in a row, so that one bad set of landmarks does not count.
      const done = size >= need && last >= need;
      last = size;
      return done ? { progress: 1, done } : { progress: 0.95 * progress, done };
    },
  };
}
