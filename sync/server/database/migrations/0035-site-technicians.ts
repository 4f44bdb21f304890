import { statements } from './statements.ts';

/** Technicians whom the server tells the kiosks of a site, or of all. */
export const siteTechnicians = statements([
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config', 'pinCode', 'again', 'pin', 'pinPeppers', 'evacuation', 'accounted',
                     'technicians'))`,
  // Envelopes: what they are called; their secret and the hashes of their codes on paper. No secret: removed. No scope: every site.
  `create table technician (
     id uuid primary key,
     row_version integer not null,
     scope uuid,
     name bytea not null,
     sealed bytea,
     paper_left integer not null,
     added_at timestamptz not null,
     added_by text not null,
     removed_at timestamptz,
     removed_by text,
     check ((removed_at is null) = (sealed is not null)))`,
]);
