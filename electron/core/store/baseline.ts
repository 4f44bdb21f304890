/** The store's tables in schema 1. */
export const BASELINE = `
-- Time of a boot and identity of a run of sequence numbers; rows are few, events refer to them. committed, safe and
-- trimmed are sequence numbers; anchor is the hash of the last event trimmed, where the chain goes on.
CREATE TABLE boot(ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE epoch(
  ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base INTEGER NOT NULL, reason TEXT NOT NULL,
  opened INTEGER NOT NULL, committed INTEGER NOT NULL DEFAULT 0, safe INTEGER NOT NULL DEFAULT 0,
  trimmed INTEGER NOT NULL DEFAULT 0, anchor BLOB) STRICT;

-- The open half of a body, as RFC 8785 text: many events have the same, so those of some types are kept once.
CREATE TABLE shared_open(ref INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
-- n counts over all epochs and is never used twice; seq = n - epoch.base. utc and offset are ms, monotonic µs; type is a
-- code and fields a bit a personal field (compact.ts). digests is SHA-256 of the header's RFC 8785 text, which is the
-- next event's prev, and then the commitments in the order of their sorted names, 32 bytes each. epoch, boot,
-- shared and person are references that the check verifies: as foreign keys they would cost each check-in four lookups.
-- person and sealed hold the personal values that live and die together: a check-in is one row of one page. They can only
-- be removed, and header columns can't change at all.
CREATE TABLE event(
  n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, id BLOB NOT NULL, boot INTEGER NOT NULL, utc INTEGER NOT NULL,
  monotonic INTEGER NOT NULL, offset INTEGER NOT NULL, type INTEGER NOT NULL, own TEXT, shared INTEGER,
  fields INTEGER NOT NULL, digests BLOB NOT NULL, person INTEGER, sealed BLOB) STRICT;
CREATE VIEW whole_event AS
  SELECT event.*, coalesce(event.own, shared_open.text) AS open FROM event LEFT JOIN shared_open ON shared_open.ref = event.shared;
-- What the server has not committed: see outbox.ts.
CREATE VIEW outbox AS
  SELECT event.n FROM event JOIN epoch ON epoch.ref = event.epoch WHERE event.n > epoch.base + epoch.committed;
-- An event can't change, and can't go while the server may still lack it.
CREATE TRIGGER event_never_changes
  BEFORE UPDATE OF n, epoch, id, boot, utc, monotonic, "offset", type, own, shared, fields, digests ON event
  BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;
CREATE TRIGGER value_only_goes BEFORE UPDATE OF person, sealed ON event
  WHEN new.person IS NOT NULL OR new.sealed IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a personal value can only go'); END;
CREATE TRIGGER event_stays_until_safe BEFORE DELETE ON event
  WHEN old.n > (SELECT base + safe FROM epoch WHERE ref = old.epoch)
  BEGIN SELECT RAISE(ABORT, 'an event stays until the server has it safe'); END;

-- A person. Both keys are wrapped; destroying this row is the erasure of whatever they sealed.
-- entered is the number of the last event of the enrolment here (0: came from the server), edited that of the newest change
-- of the profile here: neither is overruled before the server has committed it. unseen: in no page yet of the snapshot under
-- way. removed_at (trusted ms): no longer of this kiosk's sites; the name is forgotten, and the keys wait until the server has
-- the person's events.
CREATE TABLE person(
  ref INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, key_version INTEGER NOT NULL,
  records_key BLOB NOT NULL, photos_key BLOB NOT NULL, row_version INTEGER NOT NULL, profile BLOB NOT NULL,
  enrolled INTEGER NOT NULL, gps_opt_out INTEGER NOT NULL DEFAULT 0, entered INTEGER NOT NULL DEFAULT 0,
  edited INTEGER NOT NULL DEFAULT 0, unseen INTEGER NOT NULL DEFAULT 0, removed_at INTEGER) STRICT;
-- In this table and those below, n is the number of the event that brought a row; 0: it came from the server.
CREATE TABLE template(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, person INTEGER NOT NULL REFERENCES person(ref),
  model TEXT NOT NULL, pose TEXT NOT NULL, sealed BLOB NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX template_person ON template(person);
-- n is 0 also where nothing was reported of the PIN: the kiosk's own, from before it shared PINs with others.
CREATE TABLE pin(
  person INTEGER PRIMARY KEY REFERENCES person(ref), row_version INTEGER NOT NULL, sealed BLOB NOT NULL,
  n INTEGER NOT NULL DEFAULT 0) STRICT;
-- A code by which a person chooses a PIN here (sealed: its hash, under the person's key), until (ms since 1970) it expires,
-- and once: a used one stays, so that a snapshot does not bring it back.
CREATE TABLE pin_code(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, id BLOB NOT NULL, sealed BLOB NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT;
-- Cards and badges: kind is 'card' (sealed: SHA-256 of what it carries) or 'badge' (sealed: its number), under the person's key.
CREATE TABLE credential(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL, person INTEGER NOT NULL REFERENCES person(ref), kind TEXT NOT NULL,
  sealed BLOB NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX credential_person ON credential(person);
-- What a person's card opens: a ciphertext under the card's key, sealed once more under the person's. id names the card.
CREATE TABLE card_template(
  person INTEGER PRIMARY KEY REFERENCES person(ref), id BLOB NOT NULL, model TEXT NOT NULL, sealed BLOB NOT NULL,
  n INTEGER NOT NULL DEFAULT 0) STRICT;
-- A person's own codes that were used here, until (trusted ms) they would be refused anyway.
CREATE TABLE used_code(digest BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Who has to enrol again, as the server says, and why. The row may come before the person's own.
CREATE TABLE reenrolment(person BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Pairs of people that a face alone can't distinguish, the lesser id first. marked 0: it was removed here, and the
-- server does not know yet. at is trusted ms, device the kiosk where (null: the console), actor who of its staff.
CREATE TABLE lookalike(
  first BLOB NOT NULL, second BLOB NOT NULL, marked INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  device BLOB, actor TEXT, n INTEGER NOT NULL, PRIMARY KEY(first, second)) STRICT, WITHOUT ROWID;
CREATE INDEX lookalike_second ON lookalike(second);
-- How often one of the two was taken for the other and said so, and when last (trusted ms).
CREATE TABLE confusion(
  first BLOB NOT NULL, second BLOB NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(first, second)) STRICT, WITHOUT ROWID;

-- What came of a check-in afterwards, and what was lost of it: few have a row.
CREATE TABLE checkin_note(
  n INTEGER PRIMARY KEY REFERENCES event(n), voided INTEGER REFERENCES event(n), photo_lost TEXT) STRICT;
CREATE VIEW checkin AS
  SELECT event.n, event.id, event.utc, event.person, event.sealed, voided, photo_lost
  FROM event LEFT JOIN checkin_note USING (n) WHERE event.type = 0;
-- Of a check-in, what goes alone: positions here, photos below.
CREATE TABLE checkin_gps(
  n INTEGER PRIMARY KEY REFERENCES event(n), person INTEGER NOT NULL REFERENCES person(ref), sealed BLOB NOT NULL) STRICT;
CREATE INDEX checkin_gps_person ON checkin_gps(person);
-- Trusted time was behind when these events were recorded, from first to last: they happened later (ms) than they say.
CREATE TABLE time_correction(last INTEGER PRIMARY KEY, first INTEGER NOT NULL, later INTEGER NOT NULL) STRICT;
-- Photos in the vault: kind is 'checkin' or 'enrolment'; sealed holds the event's salted address, for check-ins. An
-- enrolment's outlives its event, which goes when the server has it safe: so the record's id is here. keyed: the file has a key
-- of its own, which its event brings to the server. sent: 1 the server has it, 2 it doesn't want it, 3 it had it when asked
-- once. found: the newest event by then; once a later one is safe there, so is the photo.
CREATE TABLE photo(
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, person INTEGER NOT NULL REFERENCES person(ref),
  address BLOB NOT NULL UNIQUE, sealed BLOB, record BLOB NOT NULL, keyed INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
  found INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX photo_person ON photo(person);
CREATE INDEX photo_waiting ON photo(n) WHERE sent = 0;
-- Pictures of an import that wait for staff's decision, each under a key of its own (wrapped). added is trusted ms; about is
-- sealed. digest is an HMAC of the file's name and content, by which it is not taken twice. Once decided (outcome), digest and
-- the person it was taken for stay, and nothing else.
CREATE TABLE pending_photo(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, digest BLOB NOT NULL UNIQUE, added INTEGER NOT NULL,
  key BLOB, address BLOB UNIQUE, about BLOB, outcome TEXT,
  person INTEGER REFERENCES person(ref) ON DELETE CASCADE) STRICT;
CREATE INDEX pending_photo_person ON pending_photo(person);

-- The last record of each person at the site's other kiosks, as the server sent it. Ms since 1970.
CREATE TABLE presence(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, direction TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
-- Who is accounted for in an evacuation (at: ms since 1970). device is the kiosk where (null: the console), missing 1 where the
-- person was marked by mistake, so that an older mark of the server's does not count again.
CREATE TABLE accounted(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, at INTEGER NOT NULL, n INTEGER NOT NULL DEFAULT 0,
  device BLOB, missing INTEGER NOT NULL DEFAULT 0) STRICT;

-- Erasures that were confirmed, and by which event.
CREATE TABLE erasure(request BLOB PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Commands of the server for this kiosk. expires is ms since 1970; outcome is the newest one reported, and n the number of the
-- event that reported it; both null: not started. A row outlives its command, so that none is done twice.
CREATE TABLE command(
  id BLOB PRIMARY KEY, what TEXT NOT NULL, expires INTEGER NOT NULL, outcome TEXT, n INTEGER) STRICT, WITHOUT ROWID;
-- at is the trusted time of the last failure, ms: a quiet day forgets them.
CREATE TABLE lockout(
  subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
