import type { Job } from './job.ts';
import { runsJob } from './runs.job.ts';

/** Every job of the server. Add yours here: one line. */
export const JOBS: readonly Job[] = [runsJob];
