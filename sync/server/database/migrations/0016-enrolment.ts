import { statements } from './statements.ts';

/**
 * Enrolment by staff: minors and what was said with a consent, photos that templates were made from, imports of photos with
 * their review, scores over time, the attention queue, the history of policies, and moves to another embedder.
 */
export const enrolment = statements([
  // What somebody did about an item of the attention queue. The items themselves are read from where they happened.
  `create table attention_note (
     kind text not null,
     ref text not null,
     person uuid,
     note bytea not null,
     resolved_by uuid,
     resolved_at timestamptz not null,
     primary key (kind, ref))`,
  `create index attention_note_person on attention_note (person) where person is not null`,
  `create index attention_note_at on attention_note (resolved_at)`,
  `create index checkin_void_wrong on checkin_void (at) where reason in ('not-me', 'wrong-direction', 'not-right')`,

  // Who is below the age of consent. The envelope holds day of birth and guardian; of adults there is no row.
  `create table person_minor (
     person uuid primary key,
     sealed bytea not null,
     row_version integer not null,
     state text not null check (state in ('minor', 'soon', 'of-age')),
     updated_at timestamptz not null)`,

  // A guardian's name, the basis of an import: under the key of the person as they were known then.
  `alter table consent add column said bytea`,
  `alter table consent add column said_of uuid`,
  `create index consent_said on consent (said_of) where said_of is not null`,
  `alter table consent drop constraint consent_via_check`,
  `alter table consent add constraint consent_via_check check (via in ('kiosk', 'staff', 'person', 'import'))`,

  `create table enrolment_photo (
     id uuid primary key,
     person uuid not null,
     sealed bytea not null,
     pose text not null,
     via text not null check (via in ('staff', 'import')),
     made_by uuid,
     made_at timestamptz not null)`,
  `create index enrolment_photo_person on enrolment_photo (person)`,

  `create table import_run (
     id uuid primary key,
     state text not null check (state in ('open', 'applying', 'done', 'cancelled')),
     text_version text,
     language text,
     basis bytea,
     made_by uuid,
     made_at timestamptz not null,
     ended_at timestamptz)`,
  `create table import_photo (
     id uuid primary key,
     run uuid not null references import_run (id) on delete cascade,
     person uuid,
     name bytea not null,
     photo bytea,
     template bytea,
     pose text,
     state text not null check (state in ('waiting', 'judged', 'accepted', 'refused', 'applied')),
     code text,
     measured jsonb,
     duplicate_of uuid,
     duplicate_score real,
     decided_by uuid,
     decided_at timestamptz,
     made_at timestamptz not null)`,
  `create index import_photo_run on import_photo (run, id)`,
  `create index import_photo_waiting on import_photo (run) where state = 'waiting'`,
  `create index import_photo_person on import_photo (person) where person is not null`,
  `create index import_photo_duplicate on import_photo (duplicate_of) where duplicate_of is not null`,

  `create table site_policy_change (
     id uuid primary key,
     site uuid not null,
     at timestamptz not null,
     by text not null,
     before jsonb,
     after jsonb not null)`,
  `create index site_policy_change_site on site_policy_change (site, at)`,

  // Of the check-ins by face since the newest template: mean of the first ones, and a moving mean of the last.
  `create table person_score (
     person uuid not null,
     model text not null,
     since timestamptz not null,
     count integer not null,
     baseline real not null,
     recent real not null,
     updated_at timestamptz not null,
     primary key (person, model))`,

  `create table model_migration (
     id uuid primary key,
     from_model text not null,
     to_model text not null,
     state text not null check (state in ('working', 'ready', 'switched', 'done', 'cancelled')),
     made_by text not null,
     made_at timestamptz not null,
     ended_at timestamptz)`,
  `create unique index model_migration_open on model_migration ((true)) where state in ('working', 'ready', 'switched')`,
  `create table model_migration_person (
     migration uuid not null references model_migration (id) on delete cascade,
     person uuid not null,
     outcome text not null check (outcome in ('moved', 'again')),
     code text,
     templates integer not null,
     primary key (migration, person))`,
]);
