import type { Job } from '../../../platform/jobs/job.ts';
import { isErasureDue, runErasures } from './saga.ts';

/** Carries erasures on, step by step, as soon as one is due. */
export const erasureJob: Job = {
  name: 'erasure',
  everyMs: 5_000,
  wanted: ({ db, now }) => isErasureDue(db, now()),
  run: runErasures,
};
