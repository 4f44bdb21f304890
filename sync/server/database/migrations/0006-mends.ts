import { statements } from './statements.ts';

/** What an erasure has to find: quarantined content, other names of a person. Photos are each device's own. */
export const mends = statements([
  // Whom the content names, where it says so. Content goes at an erasure and after QUARANTINE_KEEP_DAYS; the row stays.
  `alter table quarantine add column person uuid`,
  `alter table quarantine alter column content drop not null`,
  `create index quarantine_person on quarantine (person) where person is not null`,
  `create index quarantine_kept on quarantine (received_at) where content is not null`,

  // The request that this one belongs to: each name that a person had before a merge is erased under a request of its own.
  `alter table erasure add column part_of uuid references erasure (request)`,
  `create index erasure_part on erasure (part_of) where part_of is not null`,
  `create index person_merge_kept on person_merge (kept)`,
  `create index person_merge_merged on person_merge (merged)`,

  `alter table photo_piece drop constraint photo_piece_address_fkey`,
  `alter table photo_piece drop constraint photo_piece_pkey`,
  `alter table photo drop constraint photo_pkey`,
  `alter table photo add primary key (device, address)`,
  `create index photo_address on photo (address)`,
  `drop index photo_device`,
  `alter table photo_piece add column device uuid`,
  `update photo_piece set device = photo.device from photo where photo.address = photo_piece.address`,
  `alter table photo_piece alter column device set not null`,
  `alter table photo_piece add primary key (device, address, at)`,
  `alter table photo_piece add foreign key (device, address) references photo (device, address) on delete cascade`,
]);
