import { statements } from './statements.ts';

/**
 * Who signs in: accounts of the roles above `person`, one-time links for them and for people, sessions of either, what is
 * known of failed attempts, and answers that a repeated write gets again. Sessions of before this belonged to nobody.
 */
export const accounts = statements([
  `create table account (
     id uuid primary key,
     role text not null check (role in ('admin', 'dpo', 'staff', 'auditor')),
     email bytea,
     email_index bytea unique,
     password text,
     totp bytea,
     totp_next bytea,
     totp_confirmed_at timestamptz,
     totp_step bigint not null default 0,
     row_version integer not null default 1,
     made_at timestamptz not null,
     signed_in_at timestamptz,
     disabled_at timestamptz)`,
  `create table recovery_code (
     hash bytea primary key,
     account uuid not null references account (id) on delete cascade,
     used_at timestamptz)`,
  `create index recovery_code_account on recovery_code (account)`,

  `alter table admin_link rename to sign_in_link`,
  `alter table sign_in_link add column kind text not null default 'operator' check (kind in ('operator', 'account', 'person'))`,
  `alter table sign_in_link add column account uuid references account (id) on delete cascade`,
  `alter table sign_in_link add column person uuid`,
  `create index sign_in_link_person on sign_in_link (person) where person is not null`,

  `drop table session`,
  `create table session (
     hash bytea primary key,
     role text not null,
     account uuid references account (id) on delete cascade,
     person uuid,
     stage text not null check (stage in ('full', 'enrol')),
     created_at timestamptz not null,
     seen_at timestamptz not null,
     expires_at timestamptz not null,
     check ((account is null) <> (person is null)))`,
  `create index session_account on session (account) where account is not null`,
  `create index session_person on session (person) where person is not null`,

  `create table sign_in_attempt (
     key bytea primary key,
     failures integer not null,
     last_at timestamptz not null)`,

  `create table idempotency (
     key bytea primary key,
     digest bytea not null,
     status integer,
     answer bytea,
     made_at timestamptz not null)`,
  `create index idempotency_made on idempotency (made_at)`,
]);
