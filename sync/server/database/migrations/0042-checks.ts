import { statements } from './statements.ts';

/** What the checks of running servers find (checks/), for the attention queue and for `doctor`; and what each process is. */
export const checks = statements([
  // replica '*': of the whole installation.
  `create table server_finding (
     replica text not null,
     code text not null,
     detail text,
     since timestamptz not null,
     seen_at timestamptz not null,
     primary key (replica, code))`,
  `alter table keyring.replica
     add column name text not null default '',
     add column build text,
     add column schema text,
     add column started_at timestamptz not null default now()`,
]);
