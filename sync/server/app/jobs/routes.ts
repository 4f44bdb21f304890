import * as api from '../../../protocol/api/jobs.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { everyMsOf } from '../../platform/jobs/job.ts';
import { lastRuns, listRuns } from '../../platform/jobs/runs.ts';
import { jobsOf } from '../../platform/server-module.ts';

/** What the server does by itself, and what each run of it reported. Holds no personal data. */
export const jobRoutes: readonly Route[] = [
  implement(api.listJobs, async ({ tx, services }) => {
    const runs = await lastRuns(tx);
    return {
      jobs: jobsOf(services.modules).map((job) => ({
        job: job.name,
        everyMs: everyMsOf(job, services),
        last: runs.get(job.name)?.last ?? null,
        lastOkAt: runs.get(job.name)?.okAt ?? null,
      })),
    };
  }),
  implement(api.listJobRuns, async ({ tx, query }) => ({ runs: await listRuns(tx, query) })),
];
