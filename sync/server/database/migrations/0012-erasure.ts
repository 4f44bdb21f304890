import { statements } from './statements.ts';

/** Runs of jobs, with what each reported. */
export const erasure = statements([
  `create table job_run (
     id bigint generated always as identity primary key,
     job text not null,
     runner uuid not null,
     started_at timestamptz not null,
     lease_until timestamptz not null,
     ended_at timestamptz,
     outcome text check (outcome in ('ok', 'failed', 'lost', 'stopped')),
     code text,
     report jsonb,
     check ((ended_at is null) = (outcome is null)))`,
  // One at a time, whatever the replicas think.
  `create unique index job_run_open on job_run (job) where outcome is null`,
  `create index job_run_of on job_run (job, started_at desc)`,
]);
