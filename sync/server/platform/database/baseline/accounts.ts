/** Accounts and sessions, and the audit log. */
export const accounts: readonly string[] = [
  `-- Anyone who signs in with a role above \`person\`.
   create table account (
     id uuid primary key,
     role text not null check (role in ('admin', 'dpo', 'staff', 'auditor')),
     -- Envelope; null: the account of the person at the server's own machine, until they give one.
     email bytea,
     email_index bytea unique,
     -- PHC string of argon2id; null: none set yet.
     password text,
     -- Envelope of the shared secret.
     totp bytea,
     -- Of one that takes its place as soon as a code of it was entered.
     totp_next bytea,
     totp_confirmed_at timestamptz,
     -- Newest time step whose code was accepted: no code of it or before it is accepted again.
     totp_step bigint not null default 0,
     row_version integer not null default 1,
     made_at timestamptz not null,
     signed_in_at timestamptz,
     disabled_at timestamptz)`,

  `create table recovery_code (
     hash bytea primary key,
     account uuid not null references account (id) on delete cascade,
     used_at timestamptz)`,
  `create index recovery_code_account on recovery_code (account)`,

  `-- What an account is mailed of what needs attention (features/attention/alerts.ts), and how that goes. No row: what its role gets.
   create table alert_account (
     account uuid primary key references account (id) on delete cascade,
     -- Null: its role's.
     topics text[],
     -- Null: every site.
     sites text[],
     quiet_from text,
     quiet_to text,
     -- Null: the default site's.
     time_zone text,
     language text not null default 'en',
     sent_at timestamptz,
     -- Since when its mails are not taken, what the mail server answered, and when it is tried next.
     failing_since timestamptz,
     answer text,
     retry_at timestamptz,
     check ((quiet_from is null) = (quiet_to is null)))`,
  `-- Items that were noticed; of one that is closed a while longer, for receivers that do not answer.
   create table alert_item (
     id uuid primary key,
     -- SHA-256 of kind and ref. Someone who knows a person's id can try it: random once that person was erased.
     key bytea not null unique,
     -- The person it is about; null: nobody, or someone who was erased.
     person uuid,
     kind text not null,
     code text not null,
     device uuid,
     -- Null: of the whole installation. Empty: of a person who belongs to no site.
     sites text[],
     at timestamptz not null,
     -- It is no longer on the list; closed once that has lasted.
     absent_at timestamptz,
     closed_at timestamptz)`,
  `-- Which open items an account was mailed, and when last; until it was mailed that they are closed.
   create table alert_sent (
     account uuid not null references account (id) on delete cascade,
     item uuid not null references alert_item (id) on delete cascade on update cascade,
     sent_at timestamptz not null,
     primary key (account, item))`,
  `create index alert_sent_item on alert_sent (item)`,

  `-- One-time links. \`operator\`: for anyone who can read what the server prints; \`account\`: to enrol; \`person\`: to their own
   -- data.
   create table sign_in_link (
     hash bytea primary key,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     used_at timestamptz,
     kind text not null default 'operator' check (kind in ('operator', 'account', 'person')),
     account uuid references account (id) on delete cascade,
     person uuid)`,
  `create index sign_in_link_person on sign_in_link (person) where person is not null`,

  `-- Of an account or of a person.
   create table session (
     hash bytea primary key,
     role text not null,
     account uuid references account (id) on delete cascade,
     person uuid,
     -- \`enrol\`: may set password and second factor, and nothing else.
     stage text not null check (stage in ('full', 'enrol')),
     created_at timestamptz not null,
     -- When it was last used, to the half minute.
     seen_at timestamptz not null,
     expires_at timestamptz not null,
     check ((account is null) <> (person is null)))`,
  `create index session_account on session (account) where account is not null`,
  `create index session_person on session (person) where person is not null`,

  `-- Failed attempts by keyed hash of an e-mail address or of a network address.
   create table sign_in_attempt (
     key bytea primary key,
     failures integer not null,
     last_at timestamptz not null)`,

  `-- What a write with an Idempotency-Key answered; null while it runs. Sealed under that key, which only its client has.
   create table idempotency (
     key bytea primary key,
     digest bytea not null,
     status integer,
     answer bytea,
     made_at timestamptz not null)`,
  `create index idempotency_made on idempotency (made_at)`,

  `-- The audit log (platform/audit/), a chain of rows. It names nobody; what would is sealed.
   create table audit (
     -- 1, 2, 3, … without a gap.
     position bigint primary key check (position > 0),
     -- To the millisecond, as JavaScript writes and reads it, so that the MAC covers every digit that is kept.
     at timestamptz(3) not null,
     action text not null,
     role text not null,
     -- Account or device. Null where there is none, and for a person: theirs is a daily alias inside \`sealed\`.
     actor uuid,
     route text not null,
     resource text,
     data text[] not null,
     -- How many people it was about.
     count integer not null check (count >= 0),
     -- It was about everybody there was, beside those who are listed.
     everyone boolean not null,
     outcome text not null,
     -- Envelope of who did it: e-mail, address, user agent.
     sealed bytea,
     -- Envelope of the daily aliases of those it was about.
     subjects bytea,
     -- Which audit key the row was made with.
     key_version integer not null references keyring.audit_key (version),
     mac bytea not null check (length(mac) = 32))`,
  `create index audit_at on audit (at)`,
  `create index audit_actor on audit (actor, position) where actor is not null`,

  `-- The end of a part of the log that was purged: the rest is verified from here.
   create table audit_checkpoint (
     -- The last position that was purged.
     position bigint primary key,
     -- MAC of that row.
     mac bytea not null,
     -- Signed statement of it (JWS).
     statement text not null,
     -- MAC of the statement under the audit key.
     seal bytea not null,
     key_version integer not null references keyring.audit_key (version),
     made_at timestamptz not null)`,

  `-- Heads of the chain, as they were anchored outside the database.
   create table audit_anchor (
     id bigint generated always as identity primary key,
     position bigint not null,
     mac bytea not null,
     statement text not null,
     seal bytea not null,
     key_version integer not null references keyring.audit_key (version),
     made_at timestamptz not null,
     -- Key of the object that holds it too; null: not stored yet.
     object text)`,
  `create index audit_anchor_waiting on audit_anchor (id) where object is null`,

  // Takes the chain's lock until the transaction ends, and reads its head in the same round trip. Each statement of a
  // volatile function sees what was committed before it began, so the head is read under the lock (platform/audit/write.ts).
  // Sequential scans are off because a connection keeps the plan it made while the log was short.
  `create function audit_head() returns table (version integer, sealed bytea, "position" bigint, mac bytea)
   language plpgsql volatile set enable_seqscan = off as $$
   begin
     perform pg_advisory_xact_lock(hashtextextended('audit', 0));
     return query
       select k.version, k.sealed, h.position, h.mac from (select 1) one
       left join lateral (
         select key.version, key.sealed from keyring.audit_key key order by key.version desc limit 1) k on true
       left join lateral (
         select ends.position, ends.mac from (
           (select a.position, a.mac from audit a order by a.position desc limit 1)
           union all (select c.position, c.mac from audit_checkpoint c order by c.position desc limit 1)) ends
         order by ends.position desc limit 1) h on true;
   end $$`,
];
