import { statements } from './statements.ts';

/** The roll call of an evacuation is shared with the kiosks of its site. */
export const rollCall = statements([
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config', 'pinCode', 'again', 'pin', 'pinPeppers', 'evacuation', 'accounted'))`,
  // The kiosk where it was said; null: the console. missing: by mistake, which an older word does not undo.
  `alter table evacuation_mark add column device uuid`,
  `alter table evacuation_mark add column missing boolean not null default false`,
]);
