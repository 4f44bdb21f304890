import { statements } from './statements.ts';

/** Which photos lie in the object store, and which backups were made. */
export const backup = statements([
  // No foreign key: the row outlives its photo until every version of the object is deleted (backup/photos.ts).
  `create table photo_object (
     device uuid not null,
     address text not null,
     object text not null unique,
     -- Where the pieces that it was received in begin, so that a restore makes the same rows.
     pieces integer[] not null,
     size integer not null,
     stored_at timestamptz,
     primary key (device, address))`,
  `create table backup (
     id text primary key,
     taken_at timestamptz not null,
     finished_at timestamptz not null,
     bytes bigint not null,
     key_version integer not null,
     keyring_version text not null)`,
  `create index backup_finished on backup (finished_at)`,
]);
