import { statements } from './statements.ts';

/** Named staff of kiosks, technicians among them, in place of technicians alone. */
export const kioskStaff = statements([
  `drop index event_technician`,
  // What staff did at a kiosk is read from its events: few among many.
  `create index event_by_staff on event (device, at desc) where type = 'staff' or header->'open' ? 'by'`,
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config', 'pinCode', 'again', 'pin', 'pinPeppers', 'evacuation', 'accounted', 'staff'))`,
  `drop table technician`,
  // Envelopes: the name; PIN, badge and second factor. None of those: removed, or known to one kiosk alone, which holds them
  // (device). No scope: every site.
  `create table staff_member (
     id uuid primary key,
     row_version integer not null,
     scope uuid,
     device uuid,
     role text not null check (role in ('desk', 'supervisor', 'technician')),
     name bytea not null,
     sealed bytea,
     added_at timestamptz not null,
     added_by text not null,
     removed_at timestamptz,
     removed_by text,
     check ((sealed is not null) = (removed_at is null and device is null)))`,
]);
