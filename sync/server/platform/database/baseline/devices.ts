/** Devices, their last reports, and the change log that they read. */
export const devices: readonly string[] = [
  `create table device (
     id uuid primary key,
     name text not null,
     status text not null check (status in ('pending', 'approved', 'revoked')),
     -- Public keys, base64url.
     ed25519 text not null,
     x25519 text not null,
     -- SHA-256 of the TLS public key, hexadecimal.
     tls_key_hash text not null,
     registered_at timestamptz not null,
     last_heard_at timestamptz,
     site uuid references site (id),
     -- As \`checkin.change\`.
     change bigint not null default 0,
     -- The request that its first certificate was, or will be, made from.
     csr text,
     -- What administrators compare on both screens.
     fingerprint text,
     -- Address under which it reaches this server.
     url text,
     approved_at timestamptz,
     revoked_at timestamptz,
     -- End of the newest certificate, and fingerprint (SHA-256) of the CA that issued it.
     cert_not_after timestamptz,
     cert_issuer text,
     -- Envelope; kept until the device first connects after its approval.
     provisioning_secret bytea,
     -- Thumbprints of our signing keys that it says it trusts, comma-separated; null: those of its registration's time.
     trusts text,
     -- Thumbprint of our sealing key that it last used.
     sealed_to text,
     -- Time of the newest of our answers that it says it has: a request that names an older one is a replay.
     answer_heard timestamptz)`,
  // Changed devices are sent to the screens, whichever code changed them: see platform/database/feed.ts.
  `create index device_change on device (change)`,
  `create function device_changes() returns trigger language plpgsql as $$
   begin
     new.change := greatest(new.change, pg_current_xact_id()::text::bigint);
     return new;
   end $$`,
  `create trigger device_changes before insert or update on device for each row execute function device_changes()`,

  `-- TLS keys that a device has asked a certificate for and not used yet.
   create table device_tls_key (
     device uuid not null references device (id),
     key_hash text not null,
     added_at timestamptz not null,
     primary key (device, key_hash))`,

  `-- Until when a device belonged to a scope (core/devices/registry.ts) that it has left: attendance from before still counts, whenever
   -- it arrives.
   create table device_site_past (
     device uuid not null references device (id),
     site uuid not null,
     until timestamptz not null,
     primary key (device, site))`,

  `-- One-time codes for new kiosks.
   create table provisioning_code (
     hash bytea primary key,
     name text not null,
     site uuid,
     url text not null,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     used_at timestamptz,
     device uuid)`,

  `-- What one device alone is sent now, from which pages are made (core/devices/device-state.ts).
   create table device_state (
     device uuid not null references device (id),
     kind text not null check (kind in ('update', 'command', 'config')),
     -- Of a command; the nil UUID for the one update and the one config.
     id uuid not null,
     body jsonb not null,
     at timestamptz not null,
     primary key (device, kind, id))`,

  `-- What a device last reported of itself (wire/fleet.ts, Inventory).
   create table device_report (
     device uuid primary key references device (id),
     at timestamptz not null,
     report jsonb not null)`,

  `-- What is wrong with a kiosk, and since when (features/fleet/read.ts): kept so that the attention queue can name it, and that a note
   -- about it holds.
   create table kiosk_alert (
     device uuid not null references device (id),
     code text not null,
     since timestamptz not null,
     primary key (device, code))`,

  `-- The log that kiosks read (platform/changes/log.ts). It names the person a change is about and never holds a value.
   create table change (
     position bigint generated always as identity primary key,
     tag text not null,
     at timestamptz not null,
     -- Scope (core/devices/registry.ts: the nil UUID for the default site) that it concerns; null: every one.
     site uuid,
     -- The one device that it concerns; null: all of the scope.
     device uuid references device (id),
     kind text not null check (kind in ('start', 'person', 'templates', 'removed', 'erase', 'policy', 'keys', 'credentials', 'issuers',
       'cardTemplate', 'update', 'command', 'config', 'pinCode', 'reenrol', 'pin', 'pinPeppers', 'evacuation', 'accounted', 'staff',
       'lookalikes')),
     person uuid,
     model text,
     request uuid)`,
  // A first row, so that a cursor always has one to point at.
  `insert into change (tag, at, kind) values (encode(gen_random_bytes(9), 'base64'), now(), 'start')`,
];
