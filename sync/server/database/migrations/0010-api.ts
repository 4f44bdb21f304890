import { statements } from './statements.ts';

/** Corrections of records, the customer's own consent texts, and who put a consent on record. */
export const api = statements([
  // The correction that stands instead of the record; the nil UUID where whoever it was about has been erased since.
  `alter table checkin add column superseded_by uuid`,
  // Made by the correction of the same id.
  `alter table checkin add column corrected boolean not null default false`,

  `create table correction (
     id uuid primary key,
     kind text not null check (kind in ('add', 'replace', 'void', 'undo')),
     target uuid,
     -- As they were known then: the key that the reason is sealed under is theirs.
     person uuid not null,
     site uuid,
     at timestamptz,
     direction text check (direction in ('in', 'out')),
     reason bytea not null,
     author uuid,
     made_at timestamptz not null,
     undone_by uuid,
     check ((kind = 'add') = (target is null)))`,
  `create index correction_person on correction (person)`,
  `create index correction_target on correction (target) where target is not null`,

  `create table consent_text (
     version text not null,
     language text not null,
     title text not null,
     paragraphs jsonb not null,
     made_at timestamptz not null,
     made_by uuid,
     reviewed_at timestamptz,
     reviewed_by uuid,
     primary key (version, language))`,

  `alter table consent add column via text not null default 'kiosk' check (via in ('kiosk', 'staff', 'person'))`,
  `alter table consent add column recorded_by uuid`,
]);
