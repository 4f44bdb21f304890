import { statements } from './statements.ts';

/** Rollouts of builds to kiosks, rings of kiosks, and maintenance windows of sites. */
export const rollouts = statements([
  `create table rollout (
     id uuid primary key,
     version text not null,
     state text not null check (state in ('running', 'paused', 'stopped', 'done', 'rolled-back', 'ended')),
     steps jsonb not null,
     step integer not null,
     step_since timestamptz not null,
     automatic boolean not null,
     urgent boolean not null,
     trial_minutes integer not null,
     stop_kiosks integer not null,
     stop_percent integer not null,
     again integer not null default 0,
     counting_since timestamptz not null,
     stopped_failed integer,
     stopped_got integer,
     started_at timestamptz not null,
     started_by text not null,
     ended_at timestamptz)`,
  // One at a time.
  `create unique index rollout_in_force on rollout ((true)) where ended_at is null`,
  `create table rollout_action (
     id uuid primary key,
     rollout uuid not null references rollout (id),
     at timestamptz not null,
     by text not null,
     what text not null,
     detail jsonb not null)`,
  `create index rollout_action_rollout on rollout_action (rollout, at)`,
  // event_at: of the kiosk's newest word; null: it was told, and said nothing yet.
  `create table rollout_device (
     rollout uuid not null references rollout (id),
     device uuid not null references device (id),
     state text not null check (state in ('told', 'installing', 'healthy', 'rolled-back', 'refused')),
     at timestamptz not null,
     event_at timestamptz,
     from_version text,
     reason text,
     primary key (rollout, device))`,

  // What somebody calls a ring; no row: as screens call it.
  `create table update_ring (id text primary key, name text not null)`,
  `create table device_ring (
     device uuid primary key references device (id),
     ring text not null check (ring in ('canary', 'early', 'all')))`,
  // By scope (changes/scope.ts): the default site's stands for those without one of their own. starts null: at any hour.
  `create table update_window (site uuid primary key, starts text, ends text, check ((starts is null) = (ends is null)))`,
]);
