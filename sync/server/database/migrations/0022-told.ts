import { statements } from './statements.ts';

/** What one device alone is told: the build to run, its own settings, commands. And what devices tell of themselves. */
export const told = statements([
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config'))`,
  // The present state, which pages are made from. id: of a command; the nil UUID for the one update and the one config.
  `create table device_told (
     device uuid not null references device (id),
     kind text not null check (kind in ('update', 'command', 'config')),
     id uuid not null,
     body jsonb not null,
     at timestamptz not null,
     primary key (device, kind, id))`,
  `create table device_report (
     device uuid primary key references device (id),
     at timestamptz not null,
     report jsonb not null)`,
]);
