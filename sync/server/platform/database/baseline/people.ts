/**
 * People and the data about each of them. Personal values are envelopes (bytea) under the person's key. A person's UUID is a
 * pseudonym that an erasure removes.
 */
export const people: readonly string[] = [
  `create table person (
     id uuid primary key,
     -- Name, number and other personal data: core/people/rows.ts.
     profile bytea,
     row_version integer not null,
     updated_at timestamptz not null,
     deleted_at timestamptz,
     -- Keyed hash of the number, which finds people with the same number without decrypting it.
     number_index bytea,
     email_index bytea,
     badge_index bytea,
     -- Key version of the pgcrypto layer and of the indexes; 0: the row never had values.
     pii_version integer not null default 0,
     -- Time of the newest applied \`person\` event. An older one that arrives late only fills empty fields.
     claimed_at timestamptz,
     -- The person that this one was merged into.
     merged_into uuid,
     -- The person asked kiosks not to record positions.
     gps_opt_out boolean not null default false,
     -- Since when they belong to no site, as noticed by a job.
     left_at timestamptz,
     -- Id of the transaction that last changed it (platform/database/feed.ts).
     change bigint not null default 0)`,
  // Finds changed people, whose data in memory is then refreshed, whichever code changed them.
  `create index person_change on person (change)`,
  `create function person_changes() returns trigger language plpgsql as $$
   begin
     new.change := greatest(new.change, pg_current_xact_id()::text::bigint);
     return new;
   end $$`,
  `create trigger person_changes before insert or update on person for each row execute function person_changes()`,
  `create index person_number on person (number_index) where number_index is not null`,
  `create index person_email on person (email_index) where email_index is not null`,
  `create index person_badge on person (badge_index) where badge_index is not null`,
  // For the console's list of people, sorted by last change.
  `create index person_updated on person (updated_at, id) where deleted_at is null and merged_into is null`,
  // For the decisions that are kept for a restore (features/privacy/decisions.ts).
  `create index person_without_gps on person (updated_at) where gps_opt_out`,
  `create index person_merged on person (merged_into) where merged_into is not null`,

  `-- Scopes (core/devices/registry.ts) to which a person belongs.
   create table person_site (
     person uuid not null,
     site uuid not null,
     added_at timestamptz not null,
     primary key (person, site))`,
  `create index person_site_of on person_site (site, person)`,

  `-- Scopes that a person has left, and when. A row is kept if they return. Attendance from before still counts, whenever it
   -- arrives.
   create table person_site_past (
     person uuid not null,
     site uuid not null,
     until timestamptz not null,
     primary key (person, site))`,

  `-- Which fields of a person were changed, without values. Changes at a kiosk are in its events instead.
   create table profile_change (
     id uuid primary key,
     person uuid not null,
     change text not null check (change in ('added', 'updated')),
     fields text[] not null,
     at timestamptz not null,
     via text not null check (via in ('staff', 'person', 'import')),
     -- Account that made the change; null: the person, or an import.
     recorded_by uuid)`,
  `create index profile_change_person on profile_change (person, at)`,

  `-- Two records that may be one person, enrolled twice.
   create table merge_candidate (
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
  `create index merge_candidate_open on merge_candidate (found_at, id) where status = 'open'`,

  `-- A completed merge: \`merged\` is then an alias of \`kept\`.
   create table person_merge (
     id uuid primary key,
     kept uuid not null,
     merged uuid not null,
     records integer not null,
     at timestamptz not null,
     by text not null)`,
  `create index person_merge_kept on person_merge (kept)`,
  `create index person_merge_merged on person_merge (merged)`,

  `-- People below the age of consent (core/consents/minors.ts). Adults have no row.
   create table person_minor (
     person uuid primary key,
     -- Envelope of date of birth and guardian.
     sealed bytea not null,
     row_version integer not null,
     -- As of the job's last run. \`soon\`: comes of age within weeks. \`of-age\`: has come of age and must consent personally.
     state text not null check (state in ('minor', 'soon', 'of-age')),
     updated_at timestamptz not null,
     -- When a kiosk recorded their own consent without a guardian's; null: none, or a guardian has consented since.
     alone_at timestamptz)`,

  `-- Face templates, only of people whose consent is given and not withdrawn.
   create table template (
     id uuid primary key,
     person uuid not null,
     model text not null,
     pose text not null,
     -- Quality of its picture, 0 to 100 (models/rules/quality.ts); null: unknown.
     quality integer,
     -- Envelope of the vector's bytes.
     sealed bytea not null,
     device uuid references device (id),
     added_at timestamptz not null)`,
  `create index template_person on template (person, model)`,
  `create index template_model on template (model, person)`,

  `-- Models for which kiosks may hold templates of a person. Kept when the templates are deleted, so that kiosks are notified.
   create table person_model (person uuid not null, model text not null, primary key (person, model))`,

  `-- Match scores of a person's check-ins by face since the newest template, by embedder (features/reenrolment/).
   create table person_score (
     person uuid not null,
     model text not null,
     -- When their newest template was added.
     since timestamptz not null,
     count integer not null,
     -- Mean of the first scores.
     baseline real not null,
     -- Moving mean of the latest scores.
     recent real not null,
     updated_at timestamptz not null,
     primary key (person, model))`,

  `-- Two people who cannot be distinguished by face alone (core/lookalikes/store.ts), with the smaller id first.
   create table lookalike (
     id uuid primary key,
     first uuid not null,
     second uuid not null,
     reason text not null check (reason in ('enrolment', 'not-me', 'two-people')),
     at timestamptz not null,
     -- The kiosk where it was marked; null: the console.
     device uuid,
     -- Account, or member of a kiosk's staff; null: the kiosk did it automatically.
     marked_by text,
     check (first < second),
     unique (first, second))`,
  `create index lookalike_second on lookalike (second)`,
  `create index lookalike_at on lookalike (at desc)`,

  `create table consent (
     -- The event that recorded it.
     event uuid primary key,
     person uuid not null,
     action text not null check (action in ('given', 'withdrawn')),
     text_version text not null,
     language text not null,
     -- Claimed time corrected by the kiosk's known offset, never later than its arrival.
     at timestamptz not null,
     device uuid references device (id),
     received_at timestamptz not null,
     via text not null default 'kiosk' check (via in ('kiosk', 'staff', 'person', 'import')),
     -- Account that recorded it; null: a kiosk, or the person.
     recorded_by uuid,
     -- Envelope of a guardian's name, or of the basis stated for an import.
     said bytea,
     -- The person's id at that time, whose key the envelope is under. A merge does not change it.
     said_of uuid)`,
  `create index consent_person on consent (person, at)`,
  `create index consent_received on consent (received_at, event)`,
  `create index consent_at on consent (at, event)`,
  `create index consent_said on consent (said_of) where said_of is not null`,

  `-- The customer's own consent text. Immutable. Kiosks receive it once it has been reviewed.
   create table consent_text (
     version text not null,
     language text not null,
     title text not null,
     paragraphs jsonb not null,
     made_at timestamptz not null,
     made_by uuid,
     reviewed_at timestamptz,
     reviewed_by uuid,
     primary key (version, language))`,

  `-- Consent texts of the product that a responsible person has read and put into use.
   create table consent_adoption (
     version text not null,
     language text not null,
     adopted_at timestamptz not null,
     -- Account; null: the operator.
     adopted_by uuid,
     primary key (version, language))`,

  `-- A printed card or a badge (core/credentials/).
   create table credential (
     id uuid primary key,
     person uuid not null,
     kind text not null check (kind in ('card', 'badge')),
     -- For a card: SHA-256 of its content; null once revoked.
     hash bytea unique,
     -- For a badge: envelope of its number; null once revoked.
     number bytea,
     -- The kiosk that issued it; null: the console.
     device uuid references device (id),
     issued_at timestamptz not null,
     -- Account that issued it in the console.
     issued_by uuid,
     revoked_at timestamptz,
     -- Null: at a kiosk, whose event records it. 'kiosk': by the server, because a kiosk issued a new card.
     revoked_via text check (revoked_via in ('staff', 'person', 'kiosk')),
     revoked_by uuid,
     check (num_nonnulls(hash, number) = case when revoked_at is null then 1 else 0 end))`,
  `create index credential_person on credential (person)`,

  `-- Templates that only the person's card can open; at most one set per person, because a new card makes the old one worthless.
   create table card_template (
     person uuid primary key,
     -- Identifies the card.
     id uuid not null unique,
     model text not null,
     -- Envelope of the ciphertext under the person's key.
     sealed bytea not null,
     device uuid references device (id),
     made_at timestamptz not null)`,

  `-- PIN hash that kiosks of the person's sites check against (core/credentials/pins.ts); at most one per person.
   create table pin (
     person uuid primary key,
     -- Identifies this choice of a PIN.
     id uuid not null,
     -- Name of the pepper in the hash; null, like \`sealed\`: withdrawn.
     pepper text,
     -- Envelope of the hash.
     sealed bytea,
     -- The kiosk where it was chosen; null: withdrawn on the server.
     device uuid,
     chosen_at timestamptz not null,
     check ((pepper is null) = (sealed is null)))`,
  `create index pin_pepper on pin (pepper)`,

  `-- A code with which a person can choose a PIN at a kiosk; at most one per person (core/credentials/pins.ts).
   create table pin_code (
     person uuid primary key,
     id uuid not null unique,
     -- Envelope of the code's hash.
     sealed bytea not null,
     issued_at timestamptz not null,
     expires_at timestamptz not null,
     -- Account.
     issued_by uuid)`,
  `create index pin_code_expires on pin_code (expires_at)`,
];
