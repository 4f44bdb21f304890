import { statements } from './statements.ts';

/**
 * Sites with their calendar; attendance partitioned by month and resolved by the server; the merge queue.
 *
 * `checkin.change` is from now on the id of the transaction that last changed the row: see live/feed.ts.
 */
export const attendance = statements([
  `create table job (name text primary key, ran_at timestamptz not null)`,

  `create table site (
     id uuid primary key,
     name text not null,
     time_zone text not null,
     day_starts_at text not null default '00:00' check (day_starts_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
     repeat_seconds integer not null default 60 check (repeat_seconds between 0 and 3600),
     is_default boolean not null default false)`,
  `create unique index site_default on site (is_default) where is_default`,
  `alter table device add column site uuid references site (id)`,
  // Whatever changes a device is told to the screens, whoever changes it: see live/feed.ts.
  `alter table device add column change bigint not null default 0`,
  `create index device_change on device (change)`,
  `create function device_changes() returns trigger language plpgsql as $$
   begin
     new.change := greatest(new.change, pg_current_xact_id()::text::bigint);
     return new;
   end $$`,
  `create trigger device_changes before insert or update on device for each row execute function device_changes()`,

  `alter table person add column number_index bytea`,
  `alter table person add column claimed_at timestamptz`,
  `alter table person add column merged_into uuid`,
  `create index person_number on person (number_index) where number_index is not null`,
  `create index person_merged on person (merged_into) where merged_into is not null`,

  // No foreign keys: the event that a row was made from has them, and a partition comes and goes without locking others.
  `alter table checkin rename to checkin_before`,
  `alter index checkin_change rename to checkin_before_change`,
  `alter index checkin_at rename to checkin_before_at`,
  `alter index checkin_person rename to checkin_before_person`,
  `create table checkin (
     id uuid not null,
     at timestamptz not null,
     received_at timestamptz not null,
     device uuid not null,
     site uuid,
     direction text not null check (direction in ('in', 'out')),
     automatic boolean not null,
     method text not null,
     liveness text not null,
     person uuid,
     resolved text not null check (resolved in ('in', 'out')),
     duplicate_of uuid,
     change bigint not null,
     primary key (id, at)) partition by range (at)`,
  // Claims of clocks that are wrong by months or decades; everything else has a partition of its own.
  `create table checkin_default partition of checkin default`,
  `create index checkin_change on checkin (change)`,
  `create index checkin_at on checkin (at)`,
  `create index checkin_person on checkin (person, at) where person is not null`,
  // Rows arrive in about this order: a few pages instead of a tree.
  `create index checkin_received on checkin using brin (received_at)`,

  // The months are UTC's: a partition is a place on the disk, not somebody's calendar.
  `create function ensure_checkin_partition(month date) returns boolean language plpgsql as $$
   declare
     first timestamptz := date_trunc('month', month::timestamp) at time zone 'UTC';
     next timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') at time zone 'UTC';
     name text := 'checkin_' || to_char(month, 'YYYY_MM');
   begin
     if to_regclass(name) is not null then return false; end if;
     perform pg_advisory_xact_lock(hashtextextended('checkin-partition', 0));
     -- Asked of the table, not by to_regclass: that one answers from a cache that waiting for the lock does not refresh.
     if exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'checkin'::regclass and c.relname = name) then return false; end if;
     -- Before anything else, so that nobody puts a row of this month there meanwhile.
     lock table checkin_default in access exclusive mode;
     execute format('create table %I (like checkin including defaults including constraints including indexes)', name);
     execute format('with moved as (delete from checkin_default where at >= %L and at < %L returning *)
                     insert into %I select * from moved', first, next, name);
     execute format('alter table checkin attach partition %I for values from (%L) to (%L)', name, first, next);
     return true;
   end $$`,

  `insert into checkin (id, at, received_at, device, site, direction, automatic, method, liveness, person, resolved, change)
     select id, at, received_at, device, null, direction, false, method, liveness, person, direction,
            pg_current_xact_id()::text::bigint
     from checkin_before`,
  `select ensure_checkin_partition(month::date) from (
     select distinct date_trunc('month', at at time zone 'UTC') as month from checkin_default
     where at > now() - interval '14 months' and at < now() + interval '2 months') months`,
  `drop table checkin_before`,
  `drop sequence feed_change`,

  // What is to be resolved anew: somebody's day at a site. Written with the record, worked off after the commit.
  `create table attendance_due (
     id bigint generated always as identity primary key,
     person uuid not null,
     site uuid,
     at timestamptz not null)`,

  `create table merge_candidate (
     id uuid primary key,
     first uuid not null,
     second uuid not null,
     reason text not null check (reason in ('number', 'template')),
     score real,
     found_at timestamptz not null,
     status text not null check (status in ('open', 'merged', 'rejected')),
     decided_at timestamptz,
     decided_by text,
     unique (first, second),
     check (first < second))`,
  `create index merge_candidate_open on merge_candidate (found_at) where status = 'open'`,
  `create table person_merge (
     id uuid primary key,
     kept uuid not null,
     merged uuid not null,
     records integer not null,
     at timestamptz not null,
     by text not null)`,
  `alter table quarantine add column retried_at timestamptz`,
]);
