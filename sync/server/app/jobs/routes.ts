import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/jobs.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { canRun, everyMsOf } from '../../platform/jobs/job.ts';
import { runNow } from '../../platform/jobs/runner.ts';
import { lastRuns, listRuns } from '../../platform/jobs/runs.ts';
import { jobsOf } from '../../platform/server-module.ts';

/** Cursor: the number of the last run shown. */
const Before = z.tuple([z.number().int().positive()]);

/** Routes for the server's jobs and the report of each run. These hold no personal data. */
export const jobRoutes: readonly Route[] = [
  implement(api.listJobs, async ({ tx, services }) => {
    const runs = await lastRuns(tx);
    const jobs: z.output<typeof api.JobStates>['jobs'] = [];
    for (const job of jobsOf(services.modules)) {
      const { last = null, okAt = null } = runs.get(job.name) ?? {};
      const waits = last === null && job.wanted && !(await job.wanted({ ...services, db: tx }));
      const idle = canRun(job, services) ? (waits ? 'nothing-to-do' : null) : 'no-object-store';
      jobs.push({ job: job.name, everyMs: everyMsOf(job, services), last, lastOkAt: okAt, idle });
    }
    return { jobs };
  }),
  implement(api.listJobRuns, async ({ tx, query: { job, limit, cursor } }) => {
    const before = readPageCursor(Before, cursor)?.[0];
    return pageFrom(await listRuns(tx, { job, before, limit: limit + 1 }), limit, (run) => [run.id]);
  }),
  implement(api.runJob, {
    // Outside the transaction, since a job opens its own.
    async before({ services, params: { job: name } }) {
      const jobs = jobsOf(services.modules);
      const job = jobs.find((j) => j.name === name);
      if (!job) throw new Problem('job-unknown', { jobs: jobs.map((j) => j.name).join(', ') });
      const ended = await runNow(services, job, new AbortController().signal);
      if (ended.outcome === 'failed') throw ended.cause;
      // This run lost its lease, so another replica has begun its own.
      if (ended.outcome === 'stopped') throw new Problem('job-running', { name });
      return ended.report;
    },
    handle: async ({ prepared }) => prepared,
  }),
];
