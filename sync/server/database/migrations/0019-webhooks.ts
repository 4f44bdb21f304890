import { statements } from './statements.ts';

/** Other programs are told of records: receivers, what is to be told, and how far the records were looked through. */
export const webhooks = statements([
  `create table webhook (
     id uuid primary key,
     name text not null,
     site uuid references site (id),
     with_number boolean not null,
     enabled boolean not null,
     disabled_because text,
     sealed bytea not null,
     row_version integer not null,
     created_at timestamptz not null,
     paused_until timestamptz)`,
  `create table webhook_delivery (
     id uuid primary key,
     webhook uuid not null references webhook (id) on delete cascade,
     kind text not null check (kind in ('attendance.record', 'person.erased', 'webhook.test')),
     subject uuid,
     change bigint not null default 0,
     state text not null check (state in ('due', 'delivered', 'failed')),
     attempts integer not null default 0,
     made_at timestamptz not null,
     due_at timestamptz not null,
     delivered_at timestamptz,
     last_answer text)`,
  // One message a record: what changed meanwhile is told with it.
  `create unique index webhook_delivery_subject on webhook_delivery (webhook, kind, subject) where subject is not null`,
  `create index webhook_delivery_due on webhook_delivery (webhook, due_at) where state = 'due'`,
  `create index webhook_delivery_made on webhook_delivery (made_at)`,
  `create table webhook_cursor (
     one boolean primary key default true check (one),
     log uuid not null,
     position bigint not null)`,
]);
