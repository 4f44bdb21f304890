import { statements } from './statements.ts';

/** Codes by which people choose a PIN at a kiosk; what kiosks are told of whom to enrol again; minors who agreed alone. */
export const desk = statements([
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config', 'pinCode', 'again'))`,
  // The envelope holds the hash of the code, under the person's key.
  `create table pin_code (
     person uuid primary key,
     id uuid not null unique,
     sealed bytea not null,
     issued_at timestamptz not null,
     expires_at timestamptz not null,
     issued_by uuid)`,
  `create index pin_code_expires on pin_code (expires_at)`,
  // When a kiosk put down that this minor had agreed and no guardian for them; null: a guardian did, since.
  `alter table person_minor add column alone_at timestamptz`,
]);
