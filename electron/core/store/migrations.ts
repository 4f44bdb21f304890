import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { asProblem, type Db } from './database.ts';

/**
 * Numbered, transactional, forward only. `minReader` is the oldest schema whose builds can still work with the store
 * after the migration: additive changes keep it, so the previous build still runs after an update was rolled back;
 * what takes something away waits one release and raises it.
 */
export interface Migration {
  readonly schema: number;
  readonly minReader: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    schema: 1,
    minReader: 1,
    sql: `
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
-- go, and header columns can't change at all.
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
CREATE TABLE person(
  ref INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, key_version INTEGER NOT NULL,
  records_key BLOB NOT NULL, photos_key BLOB NOT NULL, row_version INTEGER NOT NULL, profile BLOB NOT NULL,
  enrolled INTEGER NOT NULL, gps_opt_out INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE template(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, person INTEGER NOT NULL REFERENCES person(ref),
  model TEXT NOT NULL, pose TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX template_person ON template(person);
CREATE TABLE pin(
  person INTEGER PRIMARY KEY REFERENCES person(ref), row_version INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;

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
-- Photos in the vault: kind is 'checkin' or 'enrolment'; sealed holds the event's salted address, for check-ins.
CREATE TABLE photo(
  n INTEGER PRIMARY KEY REFERENCES event(n), kind TEXT NOT NULL, person INTEGER NOT NULL REFERENCES person(ref),
  address BLOB NOT NULL UNIQUE, sealed BLOB) STRICT;
CREATE INDEX photo_person ON photo(person);

CREATE TABLE lockout(subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
  },
  {
    schema: 2,
    // Values are packed in binary from here on (compact.ts), which a build of schema 1, of before any release, can't read.
    minReader: 2,
    sql: `
-- Trusted time of the last failure, ms: a quiet day forgets them. 0 in what a build of schema 1 writes: its failures
-- without a lock are forgotten at once, its locks last.
ALTER TABLE lockout ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    schema: 3,
    // Events have fields (photoKey, templates) whose names an older build would leave out of the headers that it rebuilds.
    minReader: 3,
    sql: `
-- The roster: whom the server knows too. entered is the number of the last event of the enrolment here (0: came from the
-- server), edited that of the newest change of the profile here: neither is overruled before the server has committed it.
-- unseen: in no page yet of the snapshot under way. gone_at (trusted ms): no longer of this kiosk's sites; the name is
-- forgotten, and the keys wait until the server has the person's events.
ALTER TABLE person ADD COLUMN entered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN gone_at INTEGER;
CREATE TEMP TABLE own AS SELECT person AS ref, max(n) AS n FROM event WHERE person IS NOT NULL AND type IN (2, 3, 4, 5) GROUP BY person;
UPDATE person SET entered = own.n, edited = own.n FROM own WHERE own.ref = person.ref;
DROP TABLE temp.own;
-- Number of the event that brought a template; 0: it came from the server.
ALTER TABLE template ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
-- Erasures that were confirmed, and by which event.
CREATE TABLE erasure(request BLOB PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- A photo outlives its event, which goes when the server has it safe: so the record's id is here.
-- keyed: the file has a key of its own, which its event tells the server. sent: 1 the server has it, 2 it doesn't want it.
CREATE TABLE kept_photo(
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, person INTEGER NOT NULL REFERENCES person(ref),
  address BLOB NOT NULL UNIQUE, sealed BLOB, record BLOB NOT NULL, keyed INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO kept_photo(n, kind, person, address, sealed, record, keyed, sent)
  SELECT n, kind, photo.person, address, photo.sealed, event.id, 0, 2 FROM photo JOIN event USING (n);
DROP TABLE photo;
ALTER TABLE kept_photo RENAME TO photo;
CREATE INDEX photo_person ON photo(person);
CREATE INDEX photo_waiting ON photo(n) WHERE sent = 0;
`,
  },
  {
    schema: 4,
    // Check-ins by hand have a reason, whose name an older build would leave out of the headers that it rebuilds.
    minReader: 4,
    sql: `
-- Cards and badges: kind is 'card' (sealed: SHA-256 of what it carries) or 'badge' (sealed: its number), under the person's
-- key. n is the number of the event that brought it; 0: it came from the server.
CREATE TABLE credential(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL, person INTEGER NOT NULL REFERENCES person(ref), kind TEXT NOT NULL,
  sealed BLOB NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX credential_person ON credential(person);
-- A person's own codes that were used here, until (trusted ms) they would be refused anyway.
CREATE TABLE used_code(digest BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`,
  },
  {
    schema: 5,
    minReader: 4, // an older build knows neither table, and deletes people whose rows then go by themselves
    sql: `
-- The last record of each person at the site's other kiosks, as the server told it, and who is accounted for in an
-- evacuation. Ms since 1970.
CREATE TABLE presence(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, direction TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE accounted(person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, at INTEGER NOT NULL) STRICT;
`,
  },
  {
    schema: 6,
    // Events tell of templates on cards (`card`), which an older build would leave out of the headers that it rebuilds.
    minReader: 6,
    sql: `
-- What a person's card opens: a ciphertext under the card's key, sealed once more under the person's. id names the card; n is
-- the number of the event that brought it; 0: it came from the server.
CREATE TABLE card_template(
  person INTEGER PRIMARY KEY REFERENCES person(ref), id BLOB NOT NULL, model TEXT NOT NULL, sealed BLOB NOT NULL,
  n INTEGER NOT NULL DEFAULT 0) STRICT;
`,
  },
  {
    schema: 7,
    // Answers to commands are events of a type that an older build can't name.
    minReader: 7,
    sql: `
-- Commands of the server's for this kiosk. expires is ms since 1970; outcome is the newest one told, and n the number of the
-- event that told it; both null: not begun. A row outlives its command, so that none is done twice.
CREATE TABLE command(
  id BLOB PRIMARY KEY, what TEXT NOT NULL, expires INTEGER NOT NULL, outcome TEXT, n INTEGER) STRICT, WITHOUT ROWID;
`,
  },
  {
    schema: 8,
    // Cards that are made here are told by events of a type that an older build can't name.
    minReader: 8,
    sql: `
-- A code by which a person chooses a PIN here (sealed: its hash, under the person's key), until (ms since 1970) it expires,
-- and once: a used one stays, so that a snapshot does not bring it back.
CREATE TABLE pin_code(
  person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, id BLOB NOT NULL, sealed BLOB NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT;
-- Who is to be enrolled again, by the server's word, and why. A person may be told of later than this.
CREATE TABLE again(person BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
  },
  {
    schema: 9,
    // Events tell of PINs (`pin`), which an older build would leave out of the headers that it rebuilds.
    minReader: 9,
    sql: `
-- Number of the event that brought a PIN; 0: it came from the server, or is the kiosk's own of before.
ALTER TABLE pin ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    schema: 10,
    // What a technician does is told by events of a type that an older build can't name.
    minReader: 10,
    sql: '-- no table changes',
  },
  {
    schema: 11,
    // Evacuations are told by events of a type that an older build can't name.
    minReader: 11,
    sql: `
-- Who was seen outside is the site's: n is the number of the event that says so (0: the server did), device the kiosk where (null:
-- the console), missing 1 where somebody was marked by mistake, so that an older word of the server's does not mark them again.
ALTER TABLE accounted ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounted ADD COLUMN device BLOB;
ALTER TABLE accounted ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    schema: 12,
    // An older build would take the files for nobody's, and leave rows behind in an erasure and under the old key in a rekey.
    minReader: 12,
    sql: `
-- Pictures of an import that wait for staff's word, each under a key of its own (wrapped). added is trusted ms; about is sealed.
-- digest is an HMAC of the file's name and content, by which it is not taken twice. Once decided (outcome), digest and whom it
-- was taken for stay, and nothing else.
CREATE TABLE pending_photo(
  ref INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, digest BLOB NOT NULL UNIQUE, added INTEGER NOT NULL,
  key BLOB, address BLOB UNIQUE, about BLOB, outcome TEXT,
  person INTEGER REFERENCES person(ref) ON DELETE CASCADE) STRICT;
CREATE INDEX pending_photo_person ON pending_photo(person);
`,
  },
  {
    schema: 13,
    // An older build would identify one of two lookalikes by face alone.
    minReader: 13,
    sql: `
-- Pairs of people whom no face alone tells apart, the lesser id first. marked 0: it was removed here, and the server does not know
-- yet. n is the number of the event that says so (0: the server did), at trusted ms, device the kiosk where (null: the console), actor who of its staff.
CREATE TABLE lookalike(
  first BLOB NOT NULL, second BLOB NOT NULL, marked INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  device BLOB, actor TEXT, n INTEGER NOT NULL, PRIMARY KEY(first, second)) STRICT, WITHOUT ROWID;
CREATE INDEX lookalike_second ON lookalike(second);
-- How often one of the two was taken for the other and said so, and when last (trusted ms).
CREATE TABLE confusion(
  first BLOB NOT NULL, second BLOB NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(first, second)) STRICT, WITHOUT ROWID;
`,
  },
];

/** Schema that this build makes and understands. */
export const SCHEMA = MIGRATIONS.at(-1)!.schema;

export function readMeta(db: Db, key: string): string | null {
  return (db.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(key) as string | undefined) ?? null;
}

export function writeMeta(db: Db, key: string, value: string): void {
  db.prepare('INSERT INTO meta(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value').run(
    key,
    value,
  );
}

/**
 * Brings a store to the newest schema of `migrations`, each step in a transaction of its own. A store with a newer
 * schema is left as it is when its `minReader` allows this build.
 *
 * @throws Problem `store-too-new`, `store-migration-failed`, `storage-full`; RangeError when the list itself is not in order
 */
export function migrate(db: Db, migrations: readonly Migration[] = MIGRATIONS): void {
  migrations.forEach((step, i) => {
    const previous = migrations[i - 1];
    if (
      step.schema !== (previous?.schema ?? 0) + 1 ||
      step.minReader > step.schema ||
      step.minReader < (previous?.minReader ?? 1)
    )
      throw new RangeError(`migration ${step.schema} is out of order`);
  });
  const newest = migrations.at(-1)!.schema;
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").pluck().get() as number;
  const schema = tables ? Number(readMeta(db, 'schema')) : 0;
  const minReader = tables ? Number(readMeta(db, 'minReader')) : 0;
  if (minReader > newest)
    throw new Problem(
      'store-too-new',
      `this store needs a build that knows schema ${minReader}; this one knows ${newest}`,
      'Install the newer version again. The store was not changed.',
    );
  // As SQLite has it for changes of whole tables (lang_altertable.html): with foreign keys on, dropping a table that is made anew
  // takes the rows of others with it, or is refused. The pragma is without effect inside a transaction.
  db.pragma('foreign_keys=OFF');
  try {
    for (const step of migrations) if (step.schema > schema) db.transaction(() => take(db, step))();
  } finally {
    db.pragma('foreign_keys=ON');
  }
}

/** In a transaction of the caller's. */
function take(db: Db, step: Migration): void {
  if (step.schema === 1) db.exec('CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
  const broken = () => (db.pragma('foreign_key_check') as unknown[]).length;
  const before = broken();
  try {
    db.exec(step.sql);
    if (broken() > before) throw new Error('rows refer to rows that are no longer there');
  } catch (cause) {
    const problem = asProblem(cause);
    if (problem instanceof Problem) throw problem;
    throw new Problem(
      'store-migration-failed',
      `the store could not be brought to schema ${step.schema}: ${cause instanceof Error ? cause.message : cause}`,
      'Install the version before again, and report this. The store was not changed.',
      { cause },
    );
  }
  writeMeta(db, 'schema', String(step.schema));
  writeMeta(db, 'minReader', String(step.minReader));
}
