import { statements } from './statements.ts';

/**
 * Other ways in than the face: the issuer key of people's own codes, printed cards, badges, and templates that lie at the
 * server as a ciphertext which the person's card alone opens.
 */
export const credentials = statements([
  `alter table keyring.server_key drop constraint server_key_purpose_check`,
  `alter table keyring.server_key add constraint server_key_purpose_check
     check (purpose in ('signing', 'sealing', 'ca', 'qr'))`,
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate'))`,

  // A card: SHA-256 of what it carries. A badge: its number, under the person's key. Both go when it is revoked.
  `create table credential (
     id uuid primary key,
     person uuid not null,
     kind text not null check (kind in ('card', 'badge')),
     hash bytea unique,
     number bytea,
     device uuid references device (id),
     issued_at timestamptz not null,
     revoked_at timestamptz,
     check (num_nonnulls(hash, number) = case when revoked_at is null then 1 else 0 end))`,
  `create index credential_person on credential (person)`,

  // Templates under the key of a person's card, and once more under the person's own.
  `create table card_template (
     person uuid primary key,
     id uuid not null unique,
     model text not null,
     sealed bytea not null,
     device uuid references device (id),
     made_at timestamptz not null)`,
]);
