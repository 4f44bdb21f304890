/** Events reported by kiosks, and the attendance that the server derives from them. */
export const attendance: readonly string[] = [
  `create table event (
     device uuid not null references device (id),
     epoch uuid not null,
     seq bigint not null check (seq > 0),
     id uuid not null unique,
     type text not null,
     at timestamptz not null,
     received_at timestamptz not null,
     header jsonb not null,
     header_hash text not null,
     -- \`unverified\`: the previous event is missing or unreadable.
     chain text not null check (chain in ('whole', 'unverified', 'broken')),
     -- The person that the personal half is about; null once erased.
     person uuid,
     -- Envelope of the personal half with its salts, except the position; null once erased.
     personal bytea,
     -- Envelope of the position as the kiosk sealed it, and its salt. Stored separately, so that one update purges all
     -- positions. Null once purged or erased.
     gps bytea,
     primary key (device, epoch, seq))`,
  `create index event_person on event (person) where person is not null`,
  `create index event_gps on event (received_at) where gps is not null`,
  `create index event_unnamed on event (id) where person is null and (personal is not null or gps is not null)`,
  // Staff actions at a kiosk are read from its events, among which they are rare.
  `create index event_by_staff on event (device, at desc) where type = 'staff' or header->'open' ? 'by'`,

  `create table ack_mark (
     device uuid not null references device (id),
     epoch uuid not null,
     committed bigint not null,
     safe bigint not null check (safe <= committed),
     updated_at timestamptz not null,
     primary key (device, epoch))`,

  `create table quarantine (
     id bigint generated always as identity primary key,
     device uuid not null references device (id),
     epoch uuid not null,
     seq bigint not null check (seq > 0),
     -- SHA-256 of the received content, so that a replay adds no row.
     digest text not null,
     reason text not null,
     -- Envelope of the received content, which may contain personal values. Null: erased, expired, or never kept.
     content bytea,
     received_at timestamptz not null,
     -- When processing it was last retried without success.
     retried_at timestamptz,
     -- The person it names, if that can be read from it.
     person uuid,
     -- When the content was searched for a position, which has a shorter retention period, and the position removed.
     thinned_at timestamptz,
     -- Why the content was never kept (\`quarantine-full\`: the device exceeded its limit); null: it was kept.
     not_retained text,
     unique (device, epoch, seq, digest))`,
  `create index quarantine_person on quarantine (person) where person is not null`,
  `create index quarantine_kept on quarantine (received_at) where content is not null`,
  `create index quarantine_unnamed on quarantine (id) where person is null and content is not null`,
  `create index quarantine_not_retained on quarantine (received_at) where not_retained is not null`,
  `create index quarantine_held on quarantine (device) where content is not null`,

  // No foreign keys: the event behind a row has them, and partitions can be added and dropped without locking other tables.
  `-- Partitioned by month on \`at\`; one row per claimed record, never deleted.
   create table checkin (
     id uuid not null,
     -- When it happened: the claimed time corrected by the kiosk's known clock offset, never later than its arrival.
     at timestamptz not null,
     received_at timestamptz not null,
     device uuid not null,
     -- The device's site when the record arrived; null: the default site.
     site uuid,
     -- The direction claimed by the kiosk, and whether the kiosk determined it automatically.
     direction text not null check (direction in ('in', 'out')),
     automatic boolean not null,
     method text not null,
     liveness text not null,
     person uuid,
     -- The direction that counts, resolved by the server from all records of the day.
     resolved text not null check (resolved in ('in', 'out')),
     -- The record of the same presence that counts instead of this one.
     duplicate_of uuid,
     -- Id of the transaction that last changed the visible content of the row (platform/database/feed.ts).
     change bigint not null,
     -- The correction that counts instead of it. The nil UUID if the person it concerned has been erased since.
     superseded_by uuid,
     -- Whether it was made by the correction with the same id.
     corrected boolean not null default false,
     primary key (id, at)) partition by range (at)`,
  // For times from clocks that are wrong by months or decades. All other rows are in a partition per month.
  `create table checkin_default partition of checkin default`,
  `create index checkin_change on checkin (change)`,
  `create index checkin_at on checkin (at)`,
  `create index checkin_person on checkin (person, at) where person is not null`,
  // Rows arrive in about this order, so BRIN needs a few pages instead of a tree.
  `create index checkin_received on checkin using brin (received_at)`,

  // Months in UTC, because partitions only concern storage, not a site's calendar.
  `create function ensure_checkin_partition(month date) returns boolean language plpgsql as $$
   declare
     first timestamptz := date_trunc('month', month::timestamp) at time zone 'UTC';
     next timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') at time zone 'UTC';
     name text := 'checkin_' || to_char(month, 'YYYY_MM');
   begin
     if to_regclass(name) is not null then return false; end if;
     perform pg_advisory_xact_lock(hashtextextended('checkin-partition', 0));
     -- Query the catalogue rather than to_regclass, whose cache is not refreshed by waiting for the lock.
     if exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'checkin'::regclass and c.relname = name) then return false; end if;
     -- Lock first, so that no other transaction inserts a row of this month meanwhile.
     lock table checkin_default in access exclusive mode;
     execute format('create table %I (like checkin including defaults including constraints including indexes)', name);
     execute format('with moved as (delete from checkin_default where at >= %L and at < %L returning *)
                     insert into %I select * from moved', first, next, name);
     execute format('alter table checkin attach partition %I for values from (%L) to (%L)', name, first, next);
     return true;
   end $$`,

  `create table checkin_void (
     target uuid not null,
     device uuid not null references device (id),
     event uuid not null,
     reason text not null,
     at timestamptz not null,
     received_at timestamptz not null,
     primary key (target, device))`,
  `create index checkin_void_received on checkin_void using brin (received_at)`,
  `create index checkin_void_wrong on checkin_void (at) where reason in ('not-me', 'wrong-direction', 'not-right')`,

  `-- A person's day at a site that has to be resolved (features/attendance/resolve-due.ts). Written with the record, processed
   -- after the commit.
   create table attendance_due (
     id bigint generated always as identity primary key,
     person uuid not null,
     site uuid,
     at timestamptz not null)`,

  `-- A correction of a check-in. Never changed except for \`undone_by\` (features/attendance/corrections.ts).
   create table correction (
     -- Also the id of the check-in that it makes, if it makes one.
     id uuid primary key,
     kind text not null check (kind in ('add', 'replace', 'void', 'undo')),
     -- The corrected check-in; for \`undo\`, the undone correction.
     target uuid,
     -- The person's id at that time, whose key the reason is sealed under. A later merge does not change it.
     person uuid not null,
     site uuid,
     at timestamptz,
     direction text check (direction in ('in', 'out')),
     -- Envelope.
     reason bytea not null,
     -- Account.
     author uuid,
     made_at timestamptz not null,
     -- The correction that undid this one.
     undone_by uuid,
     check ((kind = 'add') = (target is null)))`,
  `create index correction_person on correction (person)`,
  `create index correction_target on correction (target) where target is not null`,
  `create index correction_made on correction (made_at, id)`,

  `-- A person's complaint about one of their records, made on their own page (features/attendance/complaints.ts). The record is
   -- not changed.
   create table complaint (
     id uuid primary key,
     -- The person's id at that time.
     person uuid not null,
     -- The check-in.
     record uuid not null unique,
     -- Envelope of their message, under their key.
     sealed bytea not null,
     made_at timestamptz not null)`,
  `create index complaint_person on complaint (person)`,
  `create index complaint_made_at on complaint (made_at)`,

  `-- Photos that events refer to: the kiosks' ciphertext, in pieces, so that any replica can receive the next piece. A photo's
   -- key is in its event's personal half and is erased with it.
   create table photo (
     -- SHA-256 of the ciphertext, unpadded base64url.
     address text not null check (length(address) = 43),
     device uuid not null references device (id),
     event uuid not null,
     -- The person named by the event.
     person uuid not null,
     kind text not null check (kind in ('checkin', 'enrolment')),
     expected_at timestamptz not null,
     -- Total size in bytes; null before the first piece.
     total integer check (total > 0),
     received integer not null default 0 check (received >= 0),
     complete_at timestamptz,
     primary key (device, address))`,
  `create index photo_person on photo (person)`,
  `create index photo_address on photo (address)`,
  `create table photo_piece (
     device uuid not null,
     address text not null,
     -- Offset of the piece's first byte.
     at integer not null,
     bytes bytea not null,
     primary key (device, address, at),
     foreign key (device, address) references photo (device, address) on delete cascade)`,

  // No foreign key: the row is kept after its photo until every version of the object is deleted (core/photos/objects.ts).
  `-- The object that holds a photo's ciphertext.
   create table photo_object (
     device uuid not null,
     address text not null,
     object text not null unique,
     -- Offsets of the received pieces, so that a restore makes the same rows.
     pieces integer[] not null,
     -- Size in bytes.
     size integer not null,
     -- Null: the upload has not been confirmed, so the object may or may not exist.
     stored_at timestamptz,
     primary key (device, address))`,

  `-- The roll call of an evacuation.
   create table evacuation (
     id uuid primary key,
     -- Null: the default site, if it has no id.
     site uuid,
     started_at timestamptz not null,
     -- Account.
     started_by uuid,
     ended_at timestamptz,
     -- Counts when it ended.
     inside integer,
     accounted integer)`,
  // One at a time per site.
  `create unique index evacuation_going on evacuation (coalesce(site, '00000000-0000-0000-0000-000000000000'::uuid))
     where ended_at is null`,
  `-- People who are accounted for while it lasts.
   create table evacuation_mark (
     evacuation uuid not null references evacuation (id) on delete cascade,
     person uuid not null,
     at timestamptz not null,
     -- Account; null: a kiosk.
     by uuid,
     -- Kiosk; null: the console.
     device uuid,
     -- The person was marked by mistake and is missing again. An older mark does not undo that.
     missing boolean not null default false,
     primary key (evacuation, person))`,
  `create index evacuation_mark_person on evacuation_mark (person)`,

  `-- Statistics of a kiosk for a period: counts and queue depths, never about a person.
   create table kiosk_statistics (
     event uuid primary key,
     device uuid not null,
     site uuid,
     since timestamptz not null,
     until timestamptz not null,
     counts jsonb not null)`,
  `create index kiosk_statistics_until on kiosk_statistics (until)`,
];
