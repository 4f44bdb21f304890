/**
 * The server's own keys, in a separate schema: backed up apart from the rest, and shared by all replicas. Private keys are
 * envelopes under the environment's keys.
 */
export const keyring: readonly string[] = [
  `create schema keyring`,

  `-- Identity of this server. One row.
   create table keyring.identity (
     one boolean primary key default true check (one),
     server_id uuid not null,
     key_check text not null,
     -- Number of the current set of public keys.
     serial integer not null check (serial > 0),
     -- Version of the environment's keys that new envelopes are sealed under.
     write_version integer not null default 1,
     -- The oldest version still accepted.
     least_version integer not null default 1)`,

  `create table keyring.server_key (
     -- Thumbprint (signing, sealing, qr), certificate fingerprint (ca) or name of the pepper (pin).
     id text primary key,
     purpose text not null check (purpose in ('signing', 'sealing', 'ca', 'qr', 'pin')),
     -- Number of the first set of keys that contained it. Newer keys have higher numbers.
     serial integer not null check (serial > 0),
     -- JWK as JSON, the CA's certificate as PEM, or a pepper's name.
     public text not null,
     -- Envelope of the private key; null once destroyed.
     private bytea,
     -- For a CA: its name and key, cross-signed by the previous CA.
     cross_pem text,
     made_at timestamptz not null,
     retired_at timestamptz)`,

  `-- Certificates of listeners, by host names.
   create table keyring.listener (
     purpose text not null check (purpose in ('devices', 'people')),
     hostnames text not null,
     cert_pem text not null,
     private bytea not null,
     primary key (purpose, hostnames))`,

  `-- A person's key (platform/keys/persons.ts); the row is deleted when the key is destroyed.
   create table keyring.person_key (
     person uuid primary key,
     -- Envelope under purpose \`keyring\` of the environment's keys.
     sealed bytea not null,
     -- Version of the environment's keys.
     key_version integer not null,
     -- Incremented when the key is replaced.
     generation integer not null check (generation between 1 and 65535),
     made_at timestamptz not null,
     -- The previous key, while \`keys rotate --re-encrypt\` replaces it.
     previous bytea)`,
  `create index person_key_previous on keyring.person_key (person) where previous is not null`,

  `-- Random keys of the audit log. A rotation re-wraps them and does not change the log's rows.
   create table keyring.audit_key (
     version integer primary key check (version > 0),
     sealed bytea not null,
     made_at timestamptz not null)`,

  `-- Random key for hashes of tokens, which can't be recomputed under another key.
   create table keyring.token_key (
     one boolean primary key default true check (one),
     sealed bytea not null,
     made_at timestamptz not null)`,

  `-- Versions of the environment's keys (platform/keys/versions.ts).
   create table keyring.key_version (
     version integer primary key check (version between 1 and 65535),
     -- \`Keys.check()\`, which reveals nothing about the keys.
     key_check text not null unique,
     state text not null check (state in ('active', 'incoming', 'retired')),
     made_at timestamptz not null,
     retired_at timestamptz)`,

  `-- A process of this server and its last report.
   create table keyring.replica (
     id uuid primary key,
     -- Check values of the keys that it has.
     holds text[] not null,
     -- Version of the keys that it writes with.
     writes integer not null,
     seen_at timestamptz not null,
     -- SMARTPRESENCE_REPLICA; empty: the only server.
     name text not null default '',
     build text,
     -- The newest migration that its build contains.
     schema text,
     started_at timestamptz not null default now())`,

  `-- Rotations of the environment's keys (keys/rotation/). The last one is the current one.
   create table keyring.rotation (
     to_version integer primary key,
     from_version integer not null,
     re_encrypt boolean not null,
     phase text not null check (phase in ('announced', 'switched', 'working', 'finished')),
     -- Steps with the number of rows that each had at the start.
     plan jsonb not null,
     step integer not null,
     position text,
     done bigint not null,
     started_at timestamptz not null,
     finished_at timestamptz,
     -- When the keyring's tables were rewritten to remove dead rows that the previous keys could still open.
     scrubbed_at timestamptz)`,

  // Version of the environment's keys that an envelope is under; null: it is not such an envelope.
  `create function keyring.envelope_version(e bytea) returns integer language sql immutable strict parallel safe as $$
     select case when length(e) >= 31 and get_byte(e, 0) = 1 then get_byte(e, 1) * 256 + get_byte(e, 2) end $$`,

  // Refuses an envelope under a version that is being retired, whichever process writes it: one that missed the
  // switch must not write something that can't be opened afterwards. The lock is held until the writer's transaction
  // ends, so that the rotation can wait for the last of them. The triggers are in app/key-rotation/rotate.ts.
  `create function keyring.refuse_old_key() returns trigger language plpgsql as $$
   declare
     found integer;
     oldest integer;
   begin
     execute 'select ' || tg_argv[0] using new into found;
     if found is null then return new; end if;
     perform pg_advisory_xact_lock_shared(hashtextextended('key-version', 0));
     select least_version into oldest from keyring.identity;
     if found < coalesce(oldest, 0) then
       raise exception 'sealed under version % of the keys, which is on its way out', found using errcode = 'SPK01';
     end if;
     return new;
   end $$`,
];
