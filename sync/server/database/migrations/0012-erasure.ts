import { statements } from './statements.ts';

/** Runs of jobs with what each reported; legal holds; erasures that go on step by step. */
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

  // A duty to keep what would otherwise go. The reason is an envelope.
  `create table retention_hold (
     id uuid primary key,
     person uuid,
     site uuid,
     from_at timestamptz,
     until_at timestamptz,
     reason bytea not null,
     set_by text not null,
     set_at timestamptz not null,
     released_at timestamptz,
     released_by text,
     check (num_nonnulls(person, site, from_at, until_at) > 0))`,
  `create index retention_hold_open on retention_hold (person) where released_at is null`,
  // Content of the quarantine from which a position was taken out, whose time is over before that of the rest.
  `alter table quarantine add column thinned_at timestamptz`,
  // Since when somebody belongs to no site any more.
  `alter table person add column left_at timestamptz`,

  // What was asked for before was done at once: of those, what is left to do is confirmed by the steps.
  `alter table erasure
     add column state text not null default 'closed' check (state in ('requested', 'closed', 'done', 'undone')),
     add column origin text not null default 'staff'
       check (origin in ('person', 'staff', 'operator', 'kiosk', 'retention', 'restore')),
     add column undo_until timestamptz,
     add column closed_at timestamptz,
     add column done_at timestamptz,
     add column certificate text`,
  `update erasure set closed_at = requested_at`,
  `create index erasure_under_way on erasure (state) where state in ('requested', 'closed') and part_of is null`,
  `create table erasure_step (
     request uuid not null references erasure (request),
     step text not null,
     attempts integer not null,
     next_at timestamptz,
     code text,
     done_at timestamptz,
     detail jsonb,
     primary key (request, step))`,
]);
