import { statements } from './statements.ts';

/**
 * A key for each person, and everything of theirs under it; more fields of a person, with pgcrypto and blind indexes; GPS
 * apart from the rest of an event, so that its purge is one update.
 *
 * What earlier builds sealed under the environment's keys is sealed anew by people/adopt.ts at the next start: SQL alone
 * can't open it.
 */
export const personKeys = statements([
  `create table keyring.person_key (
     person uuid primary key,
     sealed bytea not null,
     key_version integer not null,
     generation integer not null check (generation between 1 and 65535),
     made_at timestamptz not null)`,

  `alter table person
     add column email bytea,
     add column phone bytea,
     add column badge bytea,
     add column email_index bytea,
     add column badge_index bytea,
     -- Key version of the pgcrypto layer and of the blind indexes; 0: sealed by a build before person keys.
     add column pii_version integer not null default 0`,
  `create index person_email on person (email_index) where email_index is not null`,
  `create index person_badge on person (badge_index) where badge_index is not null`,

  `alter table event add column gps bytea`,
  `create index event_gps on event (received_at) where gps is not null`,

  // Whether everything of an earlier build was sealed anew. A new database has nothing to do.
  `insert into meta (key, value)
     select 'person-keys', 'done' where not exists (select from event) and not exists (select from person)
       and not exists (select from quarantine)`,
]);
