import { z } from 'zod';
import { Instant } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { PAGE, pageOf, pageQuery } from './page.ts';

/** `GET /api/jobs` and `GET /api/jobs/runs`. */

export const JobRun = z.strictObject({
  id: z.number().int(),
  job: z.string().max(60),
  startedAt: Instant,
  endedAt: Instant.nullable(),
  /** `lost`: its process ended before it did; `stopped`: the server was stopped, and it continues at the next start. */
  outcome: z.enum(['running', 'ok', 'failed', 'lost', 'stopped']),
  /** Code of a failure. */
  code: z.string().max(60).nullable(),
  /** Counts, times and codes; never personal data. */
  report: z.record(z.string(), z.unknown()).nullable(),
});

export const JobStates = z.strictObject({
  jobs: z.array(
    z.strictObject({
      job: z.string().max(60),
      everyMs: z.number().int().positive(),
      last: JobRun.nullable(),
      lastOkAt: Instant.nullable(),
      /** Why it doesn't run: it needs something that isn't configured, or never had anything to do. */
      idle: z.enum(['no-object-store', 'nothing-to-do']).nullable(),
    }),
  ),
});

export const JobRunsQuery = z.strictObject({
  ...pageQuery,
  limit: z.coerce.number().int().min(1).max(1000).default(PAGE),
  job: z.string().max(60).optional(),
});

export const listJobs = endpoint('GET /api/jobs', {
  summary: 'List background jobs, how often each runs and how its last run ended',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: [],
  answer: JobStates,
});

export const listJobRuns = endpoint('GET /api/jobs/runs', {
  summary: 'List runs of jobs, newest first, each with its report',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: [],
  query: JobRunsQuery,
  answer: pageOf(JobRun),
  idle: true,
});

/** Runs it even if it isn't due. Fails while it is running on any replica. */
export const runJob = endpoint('POST /api/jobs/:job/run', {
  summary: 'Run a job now and return its report',
  roles: ['operator'],
  data: [],
  action: 'read',
  params: { job: z.string().max(60) },
  answer: z.record(z.string(), z.unknown()),
  errors: ['job-running'],
});
