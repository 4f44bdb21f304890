/** The store's tables in schema 1. */
export const BASELINE = `
-- Boots of the machine, and epochs, each of which is a run of sequence numbers. Both have few rows, and events refer to them.
-- committed, safe and trimmed are sequence numbers. anchor is the hash of the last trimmed event, where the chain continues.
CREATE TABLE boot(ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE epoch(
  ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base INTEGER NOT NULL, reason TEXT NOT NULL,
  opened INTEGER NOT NULL, committed INTEGER NOT NULL DEFAULT 0, safe INTEGER NOT NULL DEFAULT 0,
  trimmed INTEGER NOT NULL DEFAULT 0, anchor BLOB) STRICT;

-- Open halves of event bodies as RFC 8785 text. Many events have the same one, so for some types each text is stored once.
CREATE TABLE shared_open(ref INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
-- n counts over all epochs and is never reused; seq = n - epoch.base. utc and offset are in ms, monotonic in µs. type is a
-- code, and fields has one bit per personal field (compact.ts). digests is the SHA-256 of the header's RFC 8785 text, which
-- is the next event's prev, followed by the commitments in the order of their sorted names, 32 bytes each. epoch, boot,
-- shared and person are references verified by the check. As foreign keys they would cost each check-in four lookups.
-- person and sealed hold the personal values that are erased together, so a check-in is one row in one page. They can only
-- be removed, and header columns can't change at all.
CREATE TABLE event(
  n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, id BLOB NOT NULL, boot INTEGER NOT NULL, utc INTEGER NOT NULL,
  monotonic INTEGER NOT NULL, offset INTEGER NOT NULL, type INTEGER NOT NULL, own TEXT, shared INTEGER,
  fields INTEGER NOT NULL, digests BLOB NOT NULL, person INTEGER, sealed BLOB) STRICT;
CREATE VIEW whole_event AS
  SELECT event.*, coalesce(event.own, shared_open.text) AS open FROM event LEFT JOIN shared_open ON shared_open.ref = event.shared;
-- Events that the server has not committed: see outbox.ts.
CREATE VIEW outbox AS
  SELECT event.n FROM event JOIN epoch ON epoch.ref = event.epoch WHERE event.n > epoch.base + epoch.committed;
-- An event can't change, and can't be deleted while the server may still lack it.
CREATE TRIGGER event_never_changes
  BEFORE UPDATE OF n, epoch, id, boot, utc, monotonic, "offset", type, own, shared, fields, digests ON event
  BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;
CREATE TRIGGER value_only_goes BEFORE UPDATE OF person, sealed ON event
  WHEN new.person IS NOT NULL OR new.sealed IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a personal value can only go'); END;
CREATE TRIGGER event_stays_until_safe BEFORE DELETE ON event
  WHEN old.n > (SELECT base + safe FROM epoch WHERE ref = old.epoch)
  BEGIN SELECT RAISE(ABORT, 'an event stays until the server has it safe'); END;

-- A person. Both keys are wrapped, and deleting this row erases everything sealed under them.
-- entered is the number of the last event of the enrolment here (0: received from the server), edited that of the newest
-- change of the profile here. Neither is overwritten before the server has committed it. unseen: not yet in a page of the
-- current snapshot. removed_at (trusted ms): no longer in this kiosk's sites. The name is deleted, and the keys are kept until
-- the server has the person's events.
CREATE TABLE person(
  ref INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, key_version INTEGER NOT NULL,
  records_key BLOB NOT NULL, photos_key BLOB NOT NULL, row_version INTEGER NOT NULL, profile BLOB NOT NULL,
  enrolled INTEGER NOT NULL, gps_opt_out INTEGER NOT NULL DEFAULT 0, entered INTEGER NOT NULL DEFAULT 0,
  edited INTEGER NOT NULL DEFAULT 0, unseen INTEGER NOT NULL DEFAULT 0, removed_at INTEGER) STRICT;
-- In this table and those below, n is the number of the event that added the row; 0: received from the server.
CREATE TABLE template(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, person INTEGER NOT NULL REFERENCES person(ref),
  model TEXT NOT NULL, pose TEXT NOT NULL, sealed BLOB NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX template_person ON template(person);
-- n is also 0 for a PIN that was never reported: the kiosk's own, from before it shared PINs with others.
CREATE TABLE pin(
  person INTEGER PRIMARY KEY REFERENCES person(ref), row_version INTEGER NOT NULL, sealed BLOB NOT NULL,
  n INTEGER NOT NULL DEFAULT 0) STRICT;
-- A code with which a person can choose a PIN here (sealed: its hash, under the person's key), once, before expires (ms since
-- 1970). A used one is kept, so that a snapshot does not restore it.
CREATE TABLE pin_code(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, id BLOB NOT NULL, sealed BLOB NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT;
-- Cards and badges: kind is 'card' (sealed: SHA-256 of its content) or 'badge' (sealed: its number), under the person's key.
CREATE TABLE credential(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL, person INTEGER NOT NULL REFERENCES person(ref), kind TEXT NOT NULL,
  sealed BLOB NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX credential_person ON credential(person);
-- Templates that a person's card opens: a ciphertext under the card's key, sealed again under the person's. id is the card's.
CREATE TABLE card_template(
  person INTEGER PRIMARY KEY REFERENCES person(ref), id BLOB NOT NULL, model TEXT NOT NULL, sealed BLOB NOT NULL,
  n INTEGER NOT NULL DEFAULT 0) STRICT;
-- People's one-time codes that were used here, kept until (trusted ms) they would be refused anyway.
CREATE TABLE used_code(digest BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- People who have to enrol again according to the server, and why. The row may arrive before the person's own.
CREATE TABLE reenrolment(person BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Pairs of people who can't be distinguished by face alone, with the smaller id first. marked 0: removed here, and not yet
-- reported to the server. at is trusted ms, device the kiosk that marked it (null: the console), actor its staff member.
CREATE TABLE lookalike(
  first BLOB NOT NULL, second BLOB NOT NULL, marked INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  device BLOB, actor TEXT, n INTEGER NOT NULL, PRIMARY KEY(first, second)) STRICT, WITHOUT ROWID;
CREATE INDEX lookalike_second ON lookalike(second);
-- How often one of the two was mistaken for the other and reported it, and when last (trusted ms).
CREATE TABLE confusion(
  first BLOB NOT NULL, second BLOB NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(first, second)) STRICT, WITHOUT ROWID;

-- Later facts about a check-in: the event that voided it, and why its photo was lost. Few check-ins have a row.
CREATE TABLE checkin_note(
  n INTEGER PRIMARY KEY REFERENCES event(n), voided INTEGER REFERENCES event(n), photo_lost TEXT) STRICT;
CREATE VIEW checkin AS
  SELECT event.n, event.id, event.utc, event.person, event.sealed, voided, photo_lost
  FROM event LEFT JOIN checkin_note USING (n) WHERE event.type = 0;
-- Parts of a check-in that are deleted separately: positions here, photos below.
CREATE TABLE checkin_gps(
  n INTEGER PRIMARY KEY REFERENCES event(n), person INTEGER NOT NULL REFERENCES person(ref), sealed BLOB NOT NULL) STRICT;
CREATE INDEX checkin_gps_person ON checkin_gps(person);
-- Photos in the vault. kind is 'checkin' or 'enrolment'. sealed holds the event's salted address, for check-ins. An enrolment's
-- photo outlives its event, which is deleted once the server has it safe, so record holds the record's id. keyed: the file has
-- its own key, which the event sends to the server. sent: 1 the server has it, 2 it doesn't want it, 3 it had it when asked
-- once. found: the newest event at that time. Once the server has a later event safe, it has the photo safe too.
CREATE TABLE photo(
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, person INTEGER NOT NULL REFERENCES person(ref),
  address BLOB NOT NULL UNIQUE, sealed BLOB, record BLOB NOT NULL, keyed INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
  found INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX photo_person ON photo(person);
CREATE INDEX photo_waiting ON photo(n) WHERE sent = 0;
-- Pictures of an import that wait for a decision by staff, each under its own wrapped key. added is trusted ms; about is
-- sealed. digest is an HMAC of the file's name and content, so that it is not imported twice. Once decided (outcome), only
-- digest and the person it was accepted for are kept.
CREATE TABLE pending_photo(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, digest BLOB NOT NULL UNIQUE, added INTEGER NOT NULL,
  key BLOB, address BLOB UNIQUE, about BLOB, outcome TEXT,
  person INTEGER REFERENCES person(ref) ON DELETE CASCADE) STRICT;
CREATE INDEX pending_photo_person ON pending_photo(person);

-- The last record of each person at the site's other kiosks, received from the server. at is ms since 1970.
CREATE TABLE presence(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, direction TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
-- People accounted for in an evacuation (at: ms since 1970). device is the kiosk that marked them (null: the console). missing
-- is 1 if the person was marked by mistake, so that an older mark from the server does not count again.
CREATE TABLE accounted(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, at INTEGER NOT NULL, n INTEGER NOT NULL DEFAULT 0,
  device BLOB, missing INTEGER NOT NULL DEFAULT 0) STRICT;

-- Confirmed erasures, with the number of the confirming event.
CREATE TABLE erasure(request BLOB PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Commands from the server for this kiosk. expires is ms since 1970. outcome is the newest one reported, and n the number of
-- the event that reported it; both are null until it starts. A row outlives its command, so that none is carried out twice.
CREATE TABLE command(
  id BLOB PRIMARY KEY, what TEXT NOT NULL, expires INTEGER NOT NULL, outcome TEXT, n INTEGER) STRICT, WITHOUT ROWID;
-- Failed attempts. at is the trusted time of the last failure, ms. After a day without failures they are forgotten.
CREATE TABLE lockout(
  subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
