import type { Job } from './job.ts';
import { pruneRuns } from './runs.ts';

const DAY_MS = 86_400_000;
/** Reports of purges and backups are evidence: as long as the audit log at least. */
const KEEP_DAYS = 400;

/** Reports of runs that are too old go. */
export const runsJob: Job = {
  name: 'job-runs',
  everyMs: DAY_MS,
  run: async ({ db, now }) => ({ removed: await pruneRuns(db, new Date(now().getTime() - KEEP_DAYS * DAY_MS)) }),
};
