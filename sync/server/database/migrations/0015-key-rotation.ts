import { statements } from './statements.ts';

/** Versions of the environment's keys, who holds them, and how far a rotation from one to the next has got. */
export const keyRotation = statements([
  // Version of an envelope that is under the environment's keys; null: it is none.
  `create function keyring.envelope_version(e bytea) returns integer language sql immutable strict parallel safe as $$
     select case when length(e) >= 31 and get_byte(e, 0) = 1 then get_byte(e, 1) * 256 + get_byte(e, 2) end $$`,

  `create table keyring.key_version (
     version integer primary key check (version between 1 and 65535),
     key_check text not null unique,
     state text not null check (state in ('active', 'incoming', 'retired')),
     made_at timestamptz not null,
     retired_at timestamptz)`,
  `insert into keyring.key_version (version, key_check, state, made_at)
     select 1, key_check, 'active', now() from keyring.identity`,
  // What new envelopes are sealed under, and the oldest version that the database still takes.
  `alter table keyring.identity
     add column write_version integer not null default 1,
     add column least_version integer not null default 1`,

  // The key before, while it is replaced.
  `alter table keyring.person_key add column previous bytea`,
  `create index person_key_previous on keyring.person_key (person) where previous is not null`,

  // What each running process last said: the keys that it holds (their check values) and the version that it writes.
  `create table keyring.replica (
     id uuid primary key,
     holds text[] not null,
     writes integer not null,
     seen_at timestamptz not null)`,

  // Of hashes of tokens, which can't be made anew. Sealed as every key here.
  `create table keyring.token_key (
     one boolean primary key default true check (one),
     sealed bytea not null,
     made_at timestamptz not null)`,

  `create table keyring.rotation (
     to_version integer primary key,
     from_version integer not null,
     re_encrypt boolean not null,
     phase text not null check (phase in ('announced', 'switched', 'working', 'finished')),
     plan jsonb not null,
     step integer not null,
     position text,
     done bigint not null,
     started_at timestamptz not null,
     finished_at timestamptz)`,

  // An envelope under a version that is on its way out is refused, whoever writes it: a process that slept through the
  // switch must not leave something behind that nobody can open afterwards. The lock is held until the writer's
  // transaction ends, so that the rotation knows when the last of them has.
  `create function keyring.refuse_old_key() returns trigger language plpgsql as $$
   declare
     found integer;
     oldest integer;
   begin
     execute 'select ' || tg_argv[0] using new into found;
     if found is null then return new; end if;
     perform pg_advisory_xact_lock_shared(hashtextextended('key-version', 0));
     select least_version into oldest from keyring.identity;
     if found < coalesce(oldest, 0) then
       raise exception 'sealed under version % of the keys, which is on its way out', found using errcode = 'SPK01';
     end if;
     return new;
   end $$`,

  `create index event_unnamed on event (id) where person is null and (personal is not null or gps is not null)`,
  `create index quarantine_unnamed on quarantine (id) where person is null and content is not null`,
]);
