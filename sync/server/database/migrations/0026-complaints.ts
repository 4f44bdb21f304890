import { statements } from './statements.ts';

/** What a person says on their own page is wrong with a record of theirs. The record itself is not touched by it. */
export const complaints = statements([
  `create table complaint (
     id uuid primary key,
     person uuid not null,
     record uuid not null unique,
     sealed bytea not null,
     made_at timestamptz not null)`,
  `create index complaint_person on complaint (person)`,
  `create index complaint_made_at on complaint (made_at)`,
]);
