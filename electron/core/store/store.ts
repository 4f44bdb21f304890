import { closeSync } from 'node:fs';
import {
  type EventType,
  type Open,
  OpenBody,
  PersonalBody,
  type WireEvent,
} from '../../../sync/protocol/wire/event.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Random } from '../keys/envelope.ts';
import type { KioskKeys } from '../keys/index.ts';
import type { SealedPhoto, Vault } from '../vault/vault.ts';
import { Checkins, instant } from './checkins.ts';
import type { Clock } from './clock.ts';
import { asProblem, type Db, guarded } from './database.ts';
import { wireValues } from './events.ts';
import { headerOf, uuidText } from './header.ts';
import { EVERY, writeMark } from './highwater.ts';
import type {
  AppendedEvent,
  Checkin,
  Lockout,
  NewCheckin,
  NewEvent,
  NewPerson,
  Person,
  PersonChange,
  Store,
  Template,
} from './interface.ts';
import { asPerson, type Known } from './people.ts';
import { keepReserve, releaseReserve } from './reserve.ts';
import { type Session, startSession } from './session.ts';

/** What a store is made of, besides its connection. */
export interface StoreParts {
  readonly home: string;
  readonly keys: KioskKeys;
  readonly device: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly vault: Vault;
  /** Number of this opening. */
  readonly opens: number;
  /**
   * The store file's own handle, open since the first look. It must not be closed before the connection is: closing
   * any handle of a file drops all POSIX locks that the process has on it, SQLite's among them.
   */
  readonly handle: number;
  readonly closed: () => void;
}

/** See interface.ts. Errors of SQLite come out as Problems; a failed write leaves nothing behind. */
export class SqlStore implements Store {
  readonly parts: StoreParts;
  #session: Session;
  #checkins: Checkins;
  #closed = false;
  #setting;
  #outboxCount;
  #outboxOldest;
  #lockout;

  constructor(parts: StoreParts, db: Db) {
    this.parts = parts;
    this.#session = this.#start(db);
    this.#checkins = new Checkins(this.#session);
    this.#setting = db.prepare('SELECT value FROM setting WHERE key = ?').pluck();
    this.#outboxCount = db.prepare('SELECT count(*) FROM outbox').pluck();
    this.#outboxOldest = db.prepare('SELECT event.utc FROM outbox JOIN event USING (n) ORDER BY n LIMIT 1').pluck();
    this.#lockout = db.prepare('SELECT failures, until FROM lockout WHERE subject = ?');
    this.mark(true);
  }

  #start(db: Db): Session {
    const { keys, device, clock, random } = this.parts;
    const session = startSession({ db, keys: keys.current, device, clock, random });
    session.log.onCommit = (last) => {
      if (last % EVERY === 0) this.mark(false);
    };
    return session;
  }

  /** For check, rekey and tests: the parts behind the interface. */
  get session(): Session {
    return this.#session;
  }

  get device(): string {
    return this.parts.device;
  }

  get epoch(): string {
    return this.#session.log.epoch.id;
  }

  /** Writes the high-water mark. A full disk must not stop attendance: the mark then stays where it was. */
  mark(durable: boolean): void {
    const { home, keys, opens } = this.parts;
    const { epoch, last } = this.#session.log;
    try {
      writeMark(home, { store: keys.store, epoch: epoch.id, last, opens }, durable);
    } catch (error) {
      const problem = asProblem(error) as { code?: string };
      if (problem.code !== 'storage-full' && problem.code !== 'storage-failed') throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.mark(true);
    this.#session.db.close();
    closeSync(this.parts.handle);
    this.parts.closed();
  }

  /** A write of a few rows that attendance depends on: when the disk is full, the reserve is given up for it. */
  #transaction<T>(work: () => T): T {
    return guarded(() => {
      try {
        return this.#session.log.transaction(work);
      } catch (error) {
        if ((asProblem(error) as { code?: string }).code !== 'storage-full' || !releaseReserve(this.parts.home))
          throw error;
        return this.#session.log.transaction(work);
      }
    });
  }

  // People

  person(id: string): Person | null {
    const known = this.#session.people.known(id);
    return known && asPerson(known);
  }

  personByNumber(number: string): Person | null {
    const known = this.#session.people.byNumber(number);
    return known && asPerson(known);
  }

  findPeople(query: string, limit: number): Person[] {
    return this.#session.people.find(query, limit).map(asPerson);
  }

  allPeople(): Person[] {
    return this.#session.people.all().map(asPerson);
  }

  countPeople(): number {
    return this.#session.people.count;
  }

  templates(model: string): IterableIterator<Template> {
    return this.#session.people.templates(model);
  }

  templatesOf(person: string, model: string): Template[] {
    const known = this.#session.people.known(person);
    return known ? guarded(() => this.#session.people.templatesOf(known, model)) : [];
  }

  pinHash(person: string): string | null {
    const known = this.#session.people.known(person);
    return known && guarded(() => this.#session.people.pinHash(known));
  }

  #requireFreeNumber(number: string | null, owner: string): void {
    if (number === null) return;
    const holder = this.#session.people.byNumber(number);
    if (holder && holder.id !== owner)
      throw new Problem('number-taken', 'this number belongs to somebody else', 'Give another number.');
  }

  async addPerson(person: NewPerson): Promise<Person> {
    const { people } = this.#session;
    if (people.known(person.id))
      throw new Problem('person-exists', 'this person is already on this kiosk', 'Change the person instead.');
    this.#requireFreeNumber(person.number, person.id);
    const { clock, vault } = this.parts;
    const keys = people.newKeys(person.id);
    const record = this.#session.log.newId();
    const where = { person: person.id, record: '', keyVersion: 1, kind: 'enrolment' } as const;
    const photo = person.photo ? vault.seal(keys.photos, { ...where, record: uuidText(record) }, person.photo) : null;
    if (photo) await vault.write(photo).catch((error) => Promise.reject(asProblem(error)));
    let known: Known;
    try {
      known = guarded(() =>
        this.#session.log.transaction(() => {
          const added = people.insert(person, keys, Math.floor(clock.now()));
          const { values } = this.#session;
          const { id, name, number, language, consent } = person;
          const event = this.#session.log.insert(
            'person',
            { change: 'added' },
            { person: id, name, number: number ?? undefined, language },
            record,
          );
          values.store(event, 'person', added);
          if (photo) this.#checkins.insertEnrolmentPhoto(event.n, added, photo.address);
          values.append(
            'consent',
            { action: 'given', textVersion: consent.textVersion, language: consent.language },
            { person: id },
            added,
          );
          this.#appendTemplates(added, person.templates);
          added.templates = person.templates.length;
          if (person.pinHash !== null) {
            people.writePin(added, person.pinHash);
            values.append('pin', { change: 'set' }, { person: id }, added);
            added.hasPin = true;
          }
          return added;
        }),
      );
    } catch (error) {
      if (photo) await vault.remove([photo.address]);
      throw error;
    }
    people.admit(known);
    return asPerson(known);
  }

  #appendTemplates(person: Known, templates: NewPerson['templates']): Template[] {
    const { people, values, log } = this.#session;
    const counts = new Map<string, number>();
    const stored = templates.map((template) => {
      counts.set(template.model, (counts.get(template.model) ?? 0) + 1);
      return people.insertTemplate(person, log.newId(), template);
    });
    for (const [model, count] of counts)
      values.append('template', { change: 'added', model, count }, { person: person.id }, person);
    return stored;
  }

  addTemplates(person: string, templates: NewPerson['templates']): Template[] {
    const known = this.#session.people.require(person);
    const stored = this.#transaction(() => this.#appendTemplates(known, templates));
    known.templates += stored.length;
    return stored;
  }

  updatePerson(id: string, change: PersonChange): Person {
    const { people, values } = this.#session;
    const known = people.require(id);
    if (change.number !== undefined) this.#requireFreeNumber(change.number, id);
    const changed = this.#transaction(() => {
      const next = people.update(known, change);
      const { name, number, language } = next;
      values.append('person', { change: 'updated' }, { person: id, name, number: number ?? undefined, language }, next);
      return next;
    });
    people.replace(known, changed);
    return asPerson(changed);
  }

  setPin(person: string, pinHash: string | null): void {
    const { people, values } = this.#session;
    const known = people.require(person);
    this.#transaction(() => {
      people.writePin(known, pinHash);
      values.append('pin', { change: pinHash === null ? 'removed' : 'set' }, { person }, known);
    });
    known.hasPin = pinHash !== null;
  }

  async deletePerson(id: string): Promise<void> {
    const { people, values, db } = this.#session;
    const known = people.require(id);
    const addresses = this.#transaction(() => {
      const photos = db.prepare('SELECT address FROM photo WHERE person = ?').pluck().all(known.ref) as Buffer[];
      for (const table of ['photo', 'checkin_gps', 'template', 'pin', 'personal'])
        db.prepare(`DELETE FROM ${table} WHERE person = ?`).run(known.ref);
      db.prepare('UPDATE checkin SET person = NULL, sealed = NULL WHERE person = ?').run(known.ref);
      db.prepare('DELETE FROM person WHERE ref = ?').run(known.ref);
      // Under the store's key, not the person's: the server must hear whom this was about. It goes when that is safe.
      values.append('person', { change: 'deleted' }, { person: id }, null);
      return photos.map((address) => address.toString('base64url'));
    });
    people.forget(known);
    this.scrubLog();
    await this.parts.vault.remove(addresses);
  }

  /** Old versions of deleted rows still lie in the write-ahead log; this empties it. */
  scrubLog(): void {
    guarded(() => this.#session.db.pragma('wal_checkpoint(TRUNCATE)'));
  }

  // Check-ins

  async recordCheckin(checkin: NewCheckin): Promise<Checkin> {
    const known = this.#session.people.require(checkin.person);
    const id = this.#session.log.newId();
    if (!checkin.photo) return this.#record(known, checkin, id, null, null);
    const kept = await this.#keepPhoto(known, id, checkin.photo);
    // The person may have been deleted, and the store re-keyed, while the photo was written.
    const person = this.#session.people.known(checkin.person);
    try {
      if (!person) throw new Problem('person-unknown', 'this person was deleted meanwhile', 'Enrol the person again.');
      return this.#record(person, checkin, id, kept.photo?.address ?? null, kept.lost);
    } catch (error) {
      if (kept.photo) await this.parts.vault.remove([kept.photo.address]);
      throw error;
    }
  }

  /** Attendance doesn't depend on the photo: when it can't be kept, the code says why and the check-in goes on. */
  async #keepPhoto(
    person: Known,
    id: Buffer,
    bytes: Uint8Array,
  ): Promise<{ photo: SealedPhoto | null; lost: string | null }> {
    try {
      const key = this.#session.people.photosKey(person);
      const photo = this.parts.vault.seal(
        key,
        { person: person.id, record: uuidText(id), keyVersion: person.keyVersion, kind: 'checkin' },
        bytes,
      );
      await this.parts.vault.write(photo);
      return { photo, lost: null };
    } catch (error) {
      const code = (asProblem(error) as { code?: unknown } | null)?.code;
      return { photo: null, lost: typeof code === 'string' ? code : 'storage-failed' };
    }
  }

  #record(person: Known, checkin: NewCheckin, id: Buffer, photo: string | null, lost: string | null): Checkin {
    const event = this.#transaction(() => {
      const inserted = this.#checkins.insert(person, checkin, id, photo, lost);
      if (lost)
        this.#session.log.insert(
          'health',
          { code: 'photo-not-kept', detail: { reason: lost, checkin: inserted.id } },
          {},
        );
      return inserted;
    });
    this.#session.people.noteCheckin(person, event.n);
    return this.#checkins.fresh(event, person, checkin, photo, lost);
  }

  voidCheckin(id: string, reason: Open<'void'>['reason']): void {
    const n = guarded(() => this.#checkins.numberOf(id));
    const { person, voided } = this.#checkins.personOf(n);
    if (voided) return; // said twice is said once
    this.#transaction(() => {
      const event = this.#session.values.append('void', { target: id, reason }, { person: person?.id }, person);
      this.#checkins.markVoided(n, event.n);
    });
    if (person) this.#session.people.dropCheckin(person, n);
  }

  lastCheckin(person: string): Checkin | null {
    const n = this.#session.people.known(person)?.recent.at(-1);
    return n === undefined ? null : guarded(() => this.#checkins.get(n));
  }

  checkins(options: { limit: number; before?: string }): Checkin[] {
    return guarded(() => this.#checkins.list(options.limit, options.before));
  }

  async openPhoto(photo: string): Promise<Uint8Array> {
    const { db, people, log } = this.#session;
    const row = guarded(() =>
      db.prepare('SELECT n, kind, person FROM photo WHERE address = ?').get(Buffer.from(photo, 'base64url')),
    ) as { n: number; kind: 'checkin' | 'enrolment'; person: number } | undefined;
    const known = row && people.byRef(row.person);
    if (!row || !known)
      throw new Problem(
        'photo-unknown',
        'there is no such photo: it was purged, or its person deleted',
        'Nothing to do.',
      );
    const record = uuidText(log.row(row.n)!.id);
    return this.parts.vault.read(
      people.photosKey(known),
      { person: known.id, record, keyVersion: known.keyVersion, kind: row.kind },
      photo,
    );
  }

  // Small rows

  lockout(subject: string): Lockout {
    return (this.#lockout.get(subject) as Lockout | undefined) ?? { failures: 0, until: 0 };
  }

  setLockout(subject: string, lockout: Lockout): void {
    this.#transaction(() => {
      const { db } = this.#session;
      if (lockout.failures === 0 && lockout.until === 0)
        db.prepare('DELETE FROM lockout WHERE subject = ?').run(subject);
      else
        db.prepare(
          'INSERT INTO lockout(subject, failures, until) VALUES (?, ?, ?) ON CONFLICT(subject) DO UPDATE SET failures = excluded.failures, until = excluded.until',
        ).run(subject, lockout.failures, Math.ceil(lockout.until));
    });
  }

  setting(key: string): string | null {
    return (this.#setting.get(key) as string | undefined) ?? null;
  }

  setSetting(key: string, value: string): void {
    this.#transaction(() => {
      this.#session.db
        .prepare('INSERT INTO setting(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value')
        .run(key, value);
    });
  }

  // Events

  append<T extends EventType>(event: NewEvent<T>): AppendedEvent {
    const { type } = event;
    const open = OpenBody[type].parse(event.open) as object;
    const personal = PersonalBody[type].parse(event.personal) as { person?: string };
    const person = personal.person ? this.#session.people.known(personal.person) : null;
    const inserted = this.#transaction(() => this.#session.values.append(type, open, personal, person));
    return { header: headerOf(inserted.parts), personal: wireValues(inserted.salted) };
  }

  pending(limit: number): WireEvent[] {
    return guarded(() => this.#session.values.pending(limit));
  }

  pendingCount(): number {
    return this.#outboxCount.get() as number;
  }

  oldestPendingAt(): string | null {
    const utc = this.#outboxOldest.get() as number | undefined;
    return utc === undefined ? null : new Date(utc).toISOString();
  }

  acknowledge(epoch: string, marks: { committed: number; safe: number }): void {
    const { log, db } = this.#session;
    const found = log.epochs.find((one) => one.id === epoch);
    if (!found)
      throw new Problem(
        'epoch-unknown',
        'the server acknowledged an epoch that this store never had',
        'Report this as a defect.',
      );
    const made =
      (found === log.epoch
        ? log.last
        : (log.epochs.find((one) => one.base > found.base || one.ref > found.ref)?.base ?? log.last)) - found.base;
    const { committed, safe } = marks;
    if (!(Number.isInteger(committed) && Number.isInteger(safe) && safe >= 0 && safe <= committed && committed <= made))
      throw new Problem(
        'ack-impossible',
        `the server acknowledged ${committed} (${safe} safe) of ${made} events`,
        'Report this as a defect.',
      );
    if (committed <= found.committed && safe <= found.safe) return;
    this.#transaction(() => {
      db.prepare('UPDATE epoch SET committed = max(committed, ?), safe = max(safe, ?) WHERE ref = ?').run(
        committed,
        safe,
        found.ref,
      );
      db.prepare('DELETE FROM outbox WHERE n > ? AND n <= ?').run(found.base, found.base + committed);
      // What was kept only so that the server hears of it has been heard.
      db.prepare('DELETE FROM personal WHERE person IS NULL AND n > ? AND n <= ?').run(found.base, found.base + safe);
    });
    log.refreshEpochs();
  }

  resendUnsafe(epoch: string): number {
    const { log, db } = this.#session;
    const found = log.epochs.find((one) => one.id === epoch);
    if (!found) return 0;
    const changes = this.#transaction(() => {
      const end = log.epochs.find((one) => one.ref > found.ref)?.base ?? log.last;
      db.prepare('UPDATE epoch SET committed = safe WHERE ref = ?').run(found.ref);
      return db
        .prepare('INSERT OR IGNORE INTO outbox(n) SELECT n FROM event WHERE n > ? AND n <= ?')
        .run(found.base + found.safe, end).changes;
    });
    log.refreshEpochs();
    return changes;
  }

  // Retention

  /**
   * Number of the newest event that is older than `before`, by trusted time. Everything numbered up to it is older too,
   * whatever its own clock claimed: a record made while the clock was ahead doesn't outlive those after it.
   */
  #numberBefore(before: string): number {
    return (
      (this.#session.db
        .prepare('SELECT n FROM event WHERE utc + "offset" < ? ORDER BY n DESC LIMIT 1')
        .pluck()
        .get(instant(before)) as number | undefined) ?? 0
    );
  }

  async purgePhotos(before: string): Promise<number> {
    const { db, log } = this.#session;
    const upTo = this.#numberBefore(before);
    const where = "kind = 'checkin' AND n <= ?";
    const addresses = this.#transaction(() => {
      const gone = db.prepare(`SELECT address FROM photo WHERE ${where}`).pluck().all(upTo) as Buffer[];
      db.prepare(`DELETE FROM photo WHERE ${where}`).run(upTo);
      log.insert('purge', { what: 'photos', before, removed: gone.length }, {});
      return gone.map((address) => address.toString('base64url'));
    });
    if (addresses.length > 0) this.scrubLog();
    await this.parts.vault.remove(addresses);
    return addresses.length;
  }

  purgeGps(before: string): number {
    const { db, log } = this.#session;
    const upTo = this.#numberBefore(before);
    const removed = this.#transaction(() => {
      const { changes } = db.prepare('DELETE FROM checkin_gps WHERE n <= ?').run(upTo);
      log.insert('purge', { what: 'gps', before, removed: changes }, {});
      return changes;
    });
    if (removed > 0) this.scrubLog();
    return removed;
  }

  keepReserve(): void {
    try {
      keepReserve(this.parts.home);
    } catch (error) {
      const problem = asProblem(error) as { code?: string };
      if (problem.code !== 'storage-full' && problem.code !== 'storage-failed') throw error;
    }
  }
}
