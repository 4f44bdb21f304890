import { JobRuns, JobRunsQuery, JobStates } from '../../../protocol/api/jobs.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { everyMsOf } from '../../platform/jobs/job.ts';
import { lastRuns, listRuns } from '../../platform/jobs/runs.ts';
import { JOBS } from './all.ts';

/** What the server does by itself, and what each run of it reported. Holds no personal data. */
export const jobRoutes: readonly RouteSpec[] = [
  route({
    method: 'GET',
    path: '/api/jobs',
    summary: 'Jobs of the server, how often each runs and how its last run ended.',
    roles: ['admin', 'dpo', 'auditor'],
    data: [],
    action: 'read',
    answer: JobStates,
    async handle({ tx, services }) {
      const runs = await lastRuns(tx);
      return {
        jobs: JOBS.map((job) => ({
          job: job.name,
          everyMs: everyMsOf(job, services),
          last: runs.get(job.name)?.last ?? null,
          lastOkAt: runs.get(job.name)?.okAt ?? null,
        })),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/api/jobs/runs',
    summary: 'Runs of jobs, newest first, each with its report.',
    roles: ['admin', 'dpo', 'auditor'],
    data: [],
    action: 'read',
    query: JobRunsQuery,
    answer: JobRuns,
    handle: async ({ tx, query }) => ({ runs: await listRuns(tx, query) }),
  }),
];
