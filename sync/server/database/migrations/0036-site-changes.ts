import { statements } from './statements.ts';

/** What was changed of a site itself, its calendar above all; `change` of a site is the newest one. */
export const siteChanges = statements([
  `create table site_change (
     id uuid primary key,
     site uuid not null,
     at timestamptz not null,
     by text not null,
     before jsonb not null,
     after jsonb not null)`,
  `create index site_change_site on site_change (site, at)`,
  `alter table site add column change uuid`,
]);
