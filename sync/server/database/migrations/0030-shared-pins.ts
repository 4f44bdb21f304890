import { statements } from './statements.ts';

/** PINs that count at every kiosk of the person's sites, and the peppers that kiosks hash them with. */
export const sharedPins = statements([
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config', 'pinCode', 'again', 'pin', 'pinPeppers'))`,
  `alter table keyring.server_key drop constraint server_key_purpose_check`,
  `alter table keyring.server_key add constraint server_key_purpose_check
     check (purpose in ('signing', 'sealing', 'ca', 'qr', 'pin'))`,
  // The envelope holds the hash, under the person's key. Null, and no pepper: taken back.
  `create table pin (
     person uuid primary key,
     id uuid not null,
     pepper text,
     sealed bytea,
     device uuid,
     chosen_at timestamptz not null,
     check ((pepper is null) = (sealed is null)))`,
  `create index pin_pepper on pin (pepper)`,
]);
