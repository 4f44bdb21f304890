import { statements } from './statements.ts';

/**
 * The change log that kiosks read, and the state that its pages tell: who belongs to which site, templates, consents,
 * policies, erasures. A row of the log names whom a change is about and never holds a value.
 *
 * `site` is everywhere the scope of changes/scope.ts: the nil UUID for the default site.
 */
export const changes = statements([
  `create table change (
     position bigint generated always as identity primary key,
     tag text not null,
     at timestamptz not null,
     site uuid,
     device uuid references device (id),
     kind text not null check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys')),
     person uuid,
     model text,
     request uuid)`,
  // So that a cursor always has a row to stand on.
  `insert into change (tag, at, kind) values (encode(gen_random_bytes(9), 'base64'), now(), 'start')`,

  `create table person_site (
     person uuid not null,
     site uuid not null,
     added_at timestamptz not null,
     primary key (person, site))`,
  `create index person_site_of on person_site (site, person)`,
  `alter table person add column gps_opt_out boolean not null default false`,

  `create table template (
     id uuid primary key,
     person uuid not null,
     model text not null,
     pose text not null,
     sealed bytea not null,
     device uuid references device (id),
     added_at timestamptz not null)`,
  `create index template_person on template (person, model)`,

  // Models that kiosks may hold templates of a person for, also where there are none any more: they have to be told so.
  `create table person_model (person uuid not null, model text not null, primary key (person, model))`,

  `create table consent (
     event uuid primary key,
     person uuid not null,
     action text not null check (action in ('given', 'withdrawn')),
     text_version text not null,
     language text not null,
     at timestamptz not null,
     device uuid references device (id),
     received_at timestamptz not null)`,
  `create index consent_person on consent (person, at)`,

  `create table site_policy (site uuid primary key, policy jsonb not null, updated_at timestamptz not null)`,

  `create table erasure (
     request uuid primary key,
     person uuid not null,
     requested_at timestamptz not null)`,
  `create index erasure_person on erasure (person)`,
  `create table erasure_confirmation (
     request uuid not null references erasure (request),
     device uuid not null references device (id),
     confirmed_at timestamptz,
     event uuid,
     primary key (request, device))`,
  `create index erasure_open on erasure_confirmation (device) where confirmed_at is null`,

  // Everybody who is known belongs where they were seen or enrolled so far: the default site.
  `insert into person_site (person, site, added_at)
     select id, '00000000-0000-0000-0000-000000000000', now() from person where deleted_at is null`,
]);
