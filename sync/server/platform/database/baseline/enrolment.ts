/** Enrolment by staff, imports, the attention queue, and migrations to another embedder. */
export const enrolment: readonly string[] = [
  `-- The picture from which the server made a template, cropped to the face and re-encoded.
   create table enrolment_photo (
     id uuid primary key,
     -- The person's id at that time.
     person uuid not null,
     -- Envelope of a JPEG.
     sealed bytea not null,
     pose text not null,
     via text not null check (via in ('staff', 'import')),
     made_by uuid,
     made_at timestamptz not null)`,
  `create index enrolment_photo_person on enrolment_photo (person)`,

  `-- An enrolment that waits for an administrator because the face resembles another person's (core/templates/waiting.ts).
   create table enrolment_case (
     id uuid primary key,
     person uuid not null,
     -- The person whose face it resembles; null: erased since.
     other uuid,
     score real not null,
     source text not null check (source in ('camera', 'photo')),
     -- Envelope of templates and pictures, under the person's key.
     faces bytea not null,
     made_by text,
     made_at timestamptz not null)`,
  `create index enrolment_case_person on enrolment_case (person)`,
  `create index enrolment_case_other on enrolment_case (other) where other is not null`,

  `-- An import of ID photos (features/enrolment/imports/).
   create table import_run (
     id uuid primary key,
     state text not null check (state in ('open', 'applying', 'done', 'cancelled')),
     -- Text that people agreed to elsewhere, as stated by the operator; null: only people who consented here are enrolled.
     text_version text,
     language text,
     -- Envelope of the operator's statement about that consent.
     basis bytea,
     made_by uuid,
     made_at timestamptz not null,
     ended_at timestamptz,
     -- Envelope of the lines of the list beside the files (features/enrolment/imports/list.ts).
     map bytea,
     -- Progress of adding the people in its list, or of undoing that; null: no people were added from it.
     people text check (people in ('making', 'made', 'undoing', 'undone')),
     -- Incremented whenever pictures that match no person have to be judged again.
     matching_round integer not null default 0)`,
  `create index import_run_people on import_run (people) where people in ('making', 'undoing')`,

  `-- People added from an import's list, until that is undone.
   create table import_person (
     person uuid primary key,
     -- Null: the import has been deleted.
     run uuid references import_run (id) on delete set null,
     made_at timestamptz not null)`,
  `create index import_person_run on import_person (run) where run is not null`,

  `create table import_photo (
     id uuid primary key,
     run uuid not null references import_run (id) on delete cascade,
     -- Null: no person was found by the file's name. Its envelopes are then under the environment's keys.
     person uuid,
     -- Envelopes of the file's name, the picture and the template.
     name bytea not null,
     photo bytea,
     template bytea,
     pose text,
     state text not null check (state in ('waiting', 'judged', 'accepted', 'refused', 'applied')),
     -- Why it can't be used, or was refused; null: it has no problem.
     code text,
     -- Quality measurements.
     measured jsonb,
     -- Another person with a similar face.
     duplicate_of uuid,
     duplicate_score real,
     decided_by uuid,
     decided_at timestamptz,
     made_at timestamptz not null,
     -- Embedder of the template.
     model text)`,
  `create index import_photo_run on import_photo (run, id)`,
  `create index import_photo_waiting on import_photo (run) where state = 'waiting'`,
  `create index import_photo_person on import_photo (person) where person is not null`,
  `create index import_photo_duplicate on import_photo (duplicate_of) where duplicate_of is not null`,

  `-- How an item of the attention queue was resolved (features/attention/). The items themselves are read from their own tables.
   create table attention_note (
     kind text not null,
     -- Identifies the item within its kind.
     ref text not null,
     -- The person whose key the note is sealed under; null: the environment's key.
     person uuid,
     -- Envelope.
     note bytea not null,
     -- Account.
     resolved_by uuid,
     resolved_at timestamptz not null,
     primary key (kind, ref))`,
  `create index attention_note_person on attention_note (person) where person is not null`,
  `create index attention_note_at on attention_note (resolved_at)`,

  `-- A migration to another embedder (features/embedders/). At most one is open.
   create table model_migration (
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
     -- \`reenrol\`: has to be enrolled again, for the reason in \`code\`.
     outcome text not null check (outcome in ('moved', 'reenrol')),
     code text,
     templates integer not null,
     -- When their pictures were processed.
     at timestamptz not null,
     primary key (migration, person))`,
];
