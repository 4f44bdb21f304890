/** Accounts and sessions, and the audit log. */
export const accounts: readonly string[] = [
  `-- Anyone who signs in with a role above \`person\`.
   create table account (
     id uuid primary key,
     role text not null check (role in ('admin', 'dpo', 'staff', 'auditor')),
     -- Envelope. Null for the account made on the server's own machine, until its owner enters an address.
     email bytea,
     email_index bytea unique,
     -- PHC string of argon2id; null: no password set yet.
     password text,
     -- Envelope of the shared secret.
     totp bytea,
     -- Envelope of the shared secret that replaces it once a code from the new one is entered.
     totp_next bytea,
     totp_confirmed_at timestamptz,
     -- Newest time step whose code was accepted. Codes of this step or earlier ones are refused.
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

  `-- Alert mails of an account (features/attention/alerts.ts): settings and delivery status. No row: the defaults of its role.
   create table alert_account (
     account uuid primary key references account (id) on delete cascade,
     -- Null: the topics of its role.
     topics text[],
     -- Null: all sites.
     sites text[],
     quiet_from text,
     quiet_to text,
     -- Null: the default site's time zone.
     time_zone text,
     language text not null default 'en',
     sent_at timestamptz,
     -- When its mails began to fail, the mail server's answer, and when delivery is retried.
     failing_since timestamptz,
     answer text,
     retry_at timestamptz,
     check ((quiet_from is null) = (quiet_to is null)))`,
  `-- Attention items. A closed one is kept for a while, for receivers that do not answer.
   create table alert_item (
     id uuid primary key,
     -- SHA-256 of kind and ref. Random once the person is erased, because a hash could be tested against a known person's id.
     key bytea not null unique,
     -- The person it is about; null: no person, or one who was erased.
     person uuid,
     kind text not null,
     code text not null,
     device uuid,
     -- Null: it concerns the whole installation. Empty: it concerns a person who belongs to no site.
     sites text[],
     at timestamptz not null,
     -- When it disappeared from the list. It is closed once it has been absent for a while.
     absent_at timestamptz,
     closed_at timestamptz)`,
  `-- Items mailed to an account, with the time of the last mail. Deleted once the account was mailed that the item is closed.
   create table alert_sent (
     account uuid not null references account (id) on delete cascade,
     item uuid not null references alert_item (id) on delete cascade on update cascade,
     sent_at timestamptz not null,
     primary key (account, item))`,
  `create index alert_sent_item on alert_sent (item)`,

  `-- One-time links. \`operator\`: for anyone who can read the server's output; \`account\`: to set up an account; \`person\`: to
   -- a person's own data.
   create table sign_in_link (
     hash bytea primary key,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     used_at timestamptz,
     kind text not null default 'operator' check (kind in ('operator', 'account', 'person')),
     account uuid references account (id) on delete cascade,
     person uuid)`,
  `create index sign_in_link_person on sign_in_link (person) where person is not null`,

  `-- Session of an account or of a person.
   create table session (
     hash bytea primary key,
     id uuid not null unique,
     role text not null,
     account uuid references account (id) on delete cascade,
     person uuid,
     -- \`enrol\`: may only set password and second factor.
     stage text not null check (stage in ('full', 'enrol')),
     created_at timestamptz not null,
     -- When it was last used, accurate to half a minute.
     seen_at timestamptz not null,
     expires_at timestamptz not null,
     -- Envelope of the network address and browser that an account signed in with. Null for a person.
     client bytea,
     check ((account is null) <> (person is null)))`,
  `create index session_account on session (account) where account is not null`,
  `create index session_person on session (person) where person is not null`,

  `-- Failed sign-in attempts, by keyed hash of an e-mail address or a network address.
   create table sign_in_attempt (
     key bytea primary key,
     failures integer not null,
     last_at timestamptz not null)`,

  `-- Responses to writes with an Idempotency-Key; null while the write runs. Sealed under that key, which only the client has.
   create table idempotency (
     key bytea primary key,
     digest bytea not null,
     status integer,
     answer bytea,
     made_at timestamptz not null)`,
  `create index idempotency_made on idempotency (made_at)`,

  `-- The audit log (platform/audit/), a chain of rows. Everything that identifies a person is sealed.
   create table audit (
     -- 1, 2, 3, … without a gap.
     position bigint primary key check (position > 0),
     -- In milliseconds, the precision of JavaScript, so that the MAC covers every stored digit.
     at timestamptz(3) not null,
     action text not null,
     role text not null,
     -- Account or device. Null if there is none, and for a person, whose daily alias is in \`sealed\`.
     actor uuid,
     route text not null,
     resource text,
     data text[] not null,
     -- Number of people it concerned.
     count integer not null check (count >= 0),
     -- Whether it concerned everyone, in addition to those listed.
     everyone boolean not null,
     outcome text not null,
     -- Envelope of the actor's e-mail, network address and user agent.
     sealed bytea,
     -- Envelope of the daily aliases of the people it concerned.
     subjects bytea,
     -- Version of the audit key for the row.
     key_version integer not null references keyring.audit_key (version),
     mac bytea not null check (length(mac) = 32))`,
  `create index audit_at on audit (at)`,
  `create index audit_actor on audit (actor, position) where actor is not null`,

  `-- The end of a purged part of the log. The rest is verified from here.
   create table audit_checkpoint (
     -- The last purged position.
     position bigint primary key,
     -- MAC of that row.
     mac bytea not null,
     -- Signed statement about the purge (JWS).
     statement text not null,
     -- MAC of the statement under the audit key.
     seal bytea not null,
     key_version integer not null references keyring.audit_key (version),
     made_at timestamptz not null)`,

  `-- Heads of the chain that were anchored outside the database.
   create table audit_anchor (
     id bigint generated always as identity primary key,
     position bigint not null,
     mac bytea not null,
     statement text not null,
     seal bytea not null,
     key_version integer not null references keyring.audit_key (version),
     made_at timestamptz not null,
     -- Key of the object that holds a copy; null: not stored yet.
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

  // Appends rows that were computed for this head, and returns whether it still is the head. If not, nothing is appended.
  `create function audit_append(rows jsonb, head_version integer, head_position bigint, head_mac bytea) returns boolean
   language plpgsql volatile as $$
   declare head record;
   begin
     select * into head from audit_head();
     if head.version is distinct from head_version or head."position" is distinct from head_position
       or head.mac is distinct from head_mac then
       return false;
     end if;
     insert into audit select r.* from jsonb_populate_recordset(null::audit, rows) r;
     return true;
   end $$`,
];
