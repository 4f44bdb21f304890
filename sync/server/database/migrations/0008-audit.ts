import { statements } from './statements.ts';

/** The audit log: a chain of rows, its keys, the checkpoints of its purges and the anchors of its head. */
export const audit = statements([
  `create table keyring.audit_key (
     version integer primary key check (version > 0),
     sealed bytea not null,
     made_at timestamptz not null)`,
  // timestamptz(3): what JavaScript writes and reads, so that the MAC covers every digit that is kept.
  `create table audit (
     position bigint primary key check (position > 0),
     at timestamptz(3) not null,
     action text not null,
     role text not null,
     actor uuid,
     route text not null,
     resource text,
     data text[] not null,
     count integer not null check (count >= 0),
     everyone boolean not null,
     outcome text not null,
     sealed bytea,
     subjects bytea,
     key_version integer not null references keyring.audit_key (version),
     mac bytea not null check (length(mac) = 32))`,
  `create index audit_at on audit (at)`,
  `create index audit_actor on audit (actor, position) where actor is not null`,
  `create table audit_checkpoint (
     position bigint primary key,
     mac bytea not null,
     statement text not null,
     seal bytea not null,
     key_version integer not null references keyring.audit_key (version),
     made_at timestamptz not null)`,
  `create table audit_anchor (
     id bigint generated always as identity primary key,
     position bigint not null,
     mac bytea not null,
     statement text not null,
     seal bytea not null,
     key_version integer not null references keyring.audit_key (version),
     made_at timestamptz not null,
     object text)`,
  `create index audit_anchor_waiting on audit_anchor (id) where object is null`,
]);
