import { z } from 'zod';
import { Problem } from '../../../protocol/wire/problem.ts';
import { operation, servicesOf } from '../../core/operator/operation.ts';
import { everyMsOf, type Report } from '../../platform/jobs/job.ts';
import { runNow } from '../../platform/jobs/runner.ts';
import { type JobRun, lastRuns, listRuns } from '../../platform/jobs/runs.ts';
import { jobsOf } from '../../platform/server-module.ts';

const Name = z.string().max(60);

/** One job, as an operator sees it. */
export interface JobState {
  readonly job: string;
  readonly everyMs: number;
  /** Null: it never ran. */
  readonly last: JobRun | null;
  readonly lastOkAt: string | null;
}

export const jobOperations = {
  'jobs list': operation({
    args: z.strictObject({}),
    async run(context): Promise<JobState[]> {
      const runs = await lastRuns(context.db);
      const services = servicesOf(context);
      return jobsOf(context.modules).map((job) => ({
        job: job.name,
        everyMs: everyMsOf(job, services),
        last: runs.get(job.name)?.last ?? null,
        lastOkAt: runs.get(job.name)?.okAt ?? null,
      }));
    },
  }),
  'jobs runs': operation({
    args: z.strictObject({
      job: Name.optional(),
      limit: z.number().int().min(1).max(1000).optional(),
      before: z.number().int().positive().optional(),
    }),
    run: ({ db }, o) => listRuns(db, o),
  }),
  'jobs run': operation({
    args: z.strictObject({ job: Name }),
    async run(context, { job: name }): Promise<Report> {
      const jobs = jobsOf(context.modules);
      const job = jobs.find((j) => j.name === name);
      if (!job)
        throw new Problem('job-unknown', 'There is no such job.', `Jobs: ${jobs.map((j) => j.name).join(', ')}.`);
      const ended = await runNow(servicesOf(context), job, new AbortController().signal);
      if (ended.outcome === 'failed') throw ended.cause;
      return ended.outcome === 'ok' ? ended.report : {};
    },
  }),
} as const;
