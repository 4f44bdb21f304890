import { statements } from './statements.ts';

/**
 * Photos that events name: ciphertext of the kiosks, in pieces, so that each replica can take the next one. What opens a
 * photo lies in its event's personal half and goes with it.
 */
export const photos = statements([
  `create table photo (
     address text primary key check (length(address) = 43),
     device uuid not null references device (id),
     event uuid not null,
     person uuid not null,
     kind text not null check (kind in ('checkin', 'enrolment')),
     expected_at timestamptz not null,
     total integer check (total > 0),
     received integer not null default 0 check (received >= 0),
     complete_at timestamptz)`,
  `create index photo_person on photo (person)`,
  `create index photo_device on photo (device)`,
  `create table photo_piece (
     address text not null references photo (address) on delete cascade,
     at integer not null,
     bytes bytea not null,
     primary key (address, at))`,
]);
