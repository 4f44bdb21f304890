import { statements } from './statements.ts';

/** People who are made of the list of an import, until it is taken back. */
export const peopleImport = statements([
  `alter table import_run add column people text check (people in ('making', 'made', 'undoing', 'undone'))`,
  `create index import_run_people on import_run (people) where people in ('making', 'undoing')`,
  `create table import_person (
     person uuid primary key,
     run uuid references import_run (id) on delete set null,
     made_at timestamptz not null)`,
  `create index import_person_run on import_person (run) where run is not null`,
]);
