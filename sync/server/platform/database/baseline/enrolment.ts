/** Enrolment by staff, imports, the attention queue, and moves to another embedder. */
export const enrolment: readonly string[] = [
  `-- The picture that a template was made from on the server: cut to the face and encoded again.
   create table enrolment_photo (
     id uuid primary key,
     -- As they were known then.
     person uuid not null,
     -- Envelope of a JPEG.
     sealed bytea not null,
     pose text not null,
     via text not null check (via in ('staff', 'import')),
     made_by uuid,
     made_at timestamptz not null)`,
  `create index enrolment_photo_person on enrolment_photo (person)`,

  `-- An enrolment that waits for an administrator, since the face is like another person's (core/templates/waiting.ts).
   create table enrolment_case (
     id uuid primary key,
     person uuid not null,
     -- Whose face it is like; null: they were erased since.
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
     -- Text that people agreed to elsewhere, where the operator states it; null: only who has agreed here is enrolled.
     text_version text,
     language text,
     -- Envelope of the operator's own words for that.
     basis bytea,
     made_by uuid,
     made_at timestamptz not null,
     ended_at timestamptz,
     -- Envelope of what a list beside the files says: its lines (features/enrolment/imports/list.ts).
     map bytea,
     -- Of the people in its list; null: nobody was made of it.
     people text check (people in ('making', 'made', 'undoing', 'undone')),
     -- Counts up whenever pictures that belong to nobody have to be judged again.
     matching_round integer not null default 0)`,
  `create index import_run_people on import_run (people) where people in ('making', 'undoing')`,

  `-- People who were made of an import's list, until that is taken back.
   create table import_person (
     person uuid primary key,
     -- Null: the import is forgotten.
     run uuid references import_run (id) on delete set null,
     made_at timestamptz not null)`,
  `create index import_person_run on import_person (run) where run is not null`,

  `create table import_photo (
     id uuid primary key,
     run uuid not null references import_run (id) on delete cascade,
     -- Null: nobody was found by its name; then its envelopes are under the environment's keys.
     person uuid,
     -- Envelopes of the file's name, the picture and the template.
     name bytea not null,
     photo bytea,
     template bytea,
     pose text,
     state text not null check (state in ('waiting', 'judged', 'accepted', 'refused', 'applied')),
     -- Why it can't be taken, or was refused; null: nothing speaks against it.
     code text,
     -- Measures of quality.
     measured jsonb,
     -- Another person whose face is like it.
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

  `-- What was done about an item of the attention queue (features/attention/). The items themselves are read from where they happened.
   create table attention_note (
     kind text not null,
     -- Which item of its kind.
     ref text not null,
     -- Whose key the note is under; null: the environment's.
     person uuid,
     -- Envelope.
     note bytea not null,
     -- Account.
     resolved_by uuid,
     resolved_at timestamptz not null,
     primary key (kind, ref))`,
  `create index attention_note_person on attention_note (person) where person is not null`,
  `create index attention_note_at on attention_note (resolved_at)`,

  `-- A move to another embedder (features/embedders/). At most one is open.
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
     -- \`again\`: has to be enrolled again, for the reason of \`code\`.
     outcome text not null check (outcome in ('moved', 'reenrol')),
     code text,
     templates integer not null,
     -- When their pictures were looked at.
     at timestamptz not null,
     primary key (migration, person))`,
];
