/** The server itself: facts about the database, job runs, findings of checks, and backups. */
export const server: readonly string[] = [
  `create table meta (key text primary key, value text not null)`,

  `-- Runs of jobs (platform/jobs/runs.ts).
   create table job_run (
     id bigint generated always as identity primary key,
     job text not null,
     -- Random id of the process that runs it. No other process may extend or end the run.
     runner uuid not null,
     started_at timestamptz not null,
     -- By the database's clock. After this time its process counts as dead.
     lease_until timestamptz not null,
     ended_at timestamptz,
     -- Null while it runs. \`lost\`: its process ended before the run did.
     outcome text check (outcome in ('ok', 'failed', 'lost', 'stopped')),
     -- Error code of a failure.
     code text,
     report jsonb,
     check ((ended_at is null) = (outcome is null)))`,
  // At most one run of a job at a time, across all replicas.
  `create unique index job_run_open on job_run (job) where outcome is null`,
  `create index job_run_of on job_run (job, started_at desc)`,

  `-- Findings of a running server's checks (app/checks/watch.ts), for the attention queue and for \`doctor\`.
   create table server_finding (
     -- Name of the replica, or \`*\` for the whole installation.
     replica text not null,
     code text not null,
     detail text,
     since timestamptz not null,
     seen_at timestamptz not null,
     primary key (replica, code))`,

  `-- Names under which servers connect to the broker, for its access rules (app/mqtt/replicas.ts). Empty: a nameless server.
   create table broker_replica (
     name text primary key,
     seen_at timestamptz not null)`,

  `-- Completed backups.
   create table backup (
     id text primary key,
     -- When its snapshot was taken.
     taken_at timestamptz not null,
     finished_at timestamptz not null,
     bytes bigint not null,
     -- Version of the environment's keys when it was made.
     key_version integer not null,
     -- Version of the object that holds this backup's copy of the keyring.
     keyring_version text not null)`,
  `create index backup_finished on backup (finished_at)`,
];
