import { statements } from './statements.ts';

/** Settings of kiosks with their history, what kiosks were told to do, and the logs that they sent. */
export const fleet = statements([
  // kind 'site': the template of a scope (changes/scope.ts); 'device': what one device has of its own on top of it.
  `create table fleet_settings (
     kind text not null check (kind in ('site', 'device')),
     scope uuid not null,
     revision integer not null,
     settings jsonb not null,
     at timestamptz not null,
     by text not null,
     put_back integer,
     primary key (kind, scope, revision))`,
  // What each device is told: the one over the other. Outlives a revocation, so that a revision is never given twice.
  `create table fleet_config (
     device uuid primary key references device (id),
     revision integer not null,
     config jsonb not null,
     at timestamptz not null)`,
  // word: thumbprint of the key by which a kiosk that destroys its own says that it is done.
  `create table fleet_command (
     id uuid primary key,
     device uuid not null references device (id),
     what text not null check (what in ('restart', 'logs', 'wipe', 'decommission')),
     asked_at timestamptz not null,
     by text not null,
     expires_at timestamptz not null,
     outcome text check (outcome in ('begun', 'done', 'failed', 'refused', 'expired', 'withdrawn')),
     code text,
     begun_at timestamptz,
     answered_at timestamptz,
     word text)`,
  `create index fleet_command_device on fleet_command (device, asked_at)`,
  `create table fleet_log (
     command uuid primary key references fleet_command (id),
     device uuid not null references device (id),
     at timestamptz not null,
     bytes integer not null,
     sealed bytea not null)`,
  `create index fleet_log_at on fleet_log (at)`,
]);
