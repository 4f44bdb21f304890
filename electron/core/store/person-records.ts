import { Problem } from '../../../sync/errors/problem.ts';
import { fileKey } from '../vault/vault.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Credential, IssuedCard, NewPerson, Person, PersonChange, Reenrolment, Store } from './interface.ts';
import { asPerson, type Known, newPersonKeys, type PersonKeys } from './known.ts';
import type { Outcome, Session } from './session.ts';

/** Setting: codes issued before this (ms) may have been used here, but are no longer stored. */
const CODES_FLOOR = 'codes-floor';

type PersonParts = Pick<Store, 'settings' | 'photos' | 'templates' | 'pins' | 'lookalikes' | 'removal'>;

/** People of this kiosk. Each change writes rows and events in one transaction; after a failure, memory matches the file. */
export class PersonRecords {
  readonly #s: Session;
  readonly #parts: PersonParts;

  constructor(session: Session, parts: PersonParts) {
    this.#s = session;
    this.#parts = parts;
  }

  get(id: string): Person | null {
    const known = this.#s.people.known(id);
    return known && asPerson(known);
  }

  /** @throws Problem `person-unknown` */
  require(id: string): Person {
    return asPerson(this.#s.people.require(id));
  }

  byNumber(number: string): Person | null {
    const known = this.#s.people.byTypedNumber(number);
    return known && asPerson(known);
  }

  /** Returns null if no one has it, or two people do. */
  byCredential(credential: Credential): Person | null {
    const known = this.#s.people.byCredential(credential);
    return known && asPerson(known);
  }

  /** Returns at most `limit` people whose name or number begins with `query`, case-insensitive. */
  find(query: string, limit: number): Person[] {
    return this.#s.people.find(query, limit).map(asPerson);
  }

  all(): Person[] {
    return this.#s.people.all().map(asPerson);
  }

  count(): number {
    return this.#s.people.count;
  }

  /** Returns people to be enrolled again, as decided by the server, by name. */
  reenrolments(): Reenrolment[] {
    return this.#s.sql
      .rows<{ person: Buffer; reason: string }>('SELECT person, reason FROM reenrolment')
      .flatMap(({ person, reason }) => {
        const known = this.#s.people.known(uuidText(person));
        return known ? [{ person: asPerson(known), reason }] : [];
      })
      .sort((a, b) => a.person.name.localeCompare(b.person.name));
  }

  /**
   * Adds person, consent, templates, PIN and photo, with their events, in one transaction.
   * @throws RangeError for templates or a photo without a consent
   * @throws Problem `person-exists`, `number-taken`
   */
  async add(person: NewPerson): Promise<Person> {
    this.#requireNew(person);
    const { vault, log, random } = this.#s;
    const keys = newPersonKeys(random);
    const record = log.newId();
    if (!person.photo) return this.#s.change(() => this.#add(person, keys, record, null));
    const where = { person: person.id, record: uuidText(record), keyVersion: 1, kind: 'enrolment' } as const;
    const photo = vault.seal(fileKey(keys.photos, where), where, person.photo);
    return vault.keep(photo, () => {
      this.#requireNew(person); // someone else may have been added while the photo was written
      return this.#s.change(() => this.#add(person, keys, record, photo.address));
    });
  }

  #requireNew(person: NewPerson): void {
    if (person.consent === null && (person.templates.length > 0 || person.photo !== null))
      throw new RangeError('a face without a consent');
    if (this.#s.people.known(person.id)) throw new Problem('person-exists');
    this.#requireFreeNumber(person.number, person.id);
  }

  #requireFreeNumber(number: string | null, owner: string): void {
    if (number === null) return;
    const holder = this.#s.people.byNumber(number);
    if (holder && holder.id !== owner) throw new Problem('number-taken');
  }

  #add(person: NewPerson, keys: PersonKeys, record: Buffer, photo: string | null): Outcome<Person> {
    const { people, values } = this.#s;
    const { photos, templates, pins, lookalikes } = this.#parts;
    const { id, name, number, language, consent } = person;
    const known = people.insert(person, keys, Math.floor(this.#s.now()));
    const photoKey = photo === null ? undefined : values.photoKey(known, 'enrolment', uuidText(record));
    const personal = { person: id, name, number: number ?? undefined, language, photo: photo ?? undefined, photoKey };
    const event = values.append('person', { change: 'added' }, personal, known, record);
    if (photo) photos.insert(known, event, 'enrolment', photo);
    if (consent) {
      const { textVersion, minor } = consent;
      const said = { person: id, ...minor };
      values.append('consent', { action: 'given', textVersion, language: consent.language }, said, known);
    }
    // Before the templates: no kiosk may have them without knowing about the pair.
    if (person.lookalikes)
      for (const other of person.lookalikes.others) lookalikes.insert(id, other, person.lookalikes.marking);
    known.templates = templates.insert(known, person.templates).length;
    if (person.card) templates.insertOnCard(known, person.card);
    if (person.pinHash !== null) pins.write(known, person.pinHash, 'set');
    known.hasPin = person.pinHash !== null;
    this.#own(known, true);
    return { result: asPerson(known), committed: () => people.admit(known) };
  }

  /** Marks the newest event as one that the server must have before it may overrule what this kiosk knows. */
  #own(person: Known, entered = false): void {
    const { sql, log } = this.#s;
    const own = 'UPDATE person SET edited = ?, entered = coalesce(?, entered) WHERE ref = ?';
    sql.run(own, log.last, entered ? log.last : null, person.ref);
  }

  /** Changes the given fields under the next row version, so that the old values can't be restored. */
  update(id: string, change: PersonChange): Person {
    return this.#s.change(() => {
      const { people, values } = this.#s;
      const before = people.require(id);
      if (change.number !== undefined) this.#requireFreeNumber(change.number, id);
      const after = people.update(before, change);
      const { name, number, language } = after;
      const said = change.gpsOptOut === undefined ? {} : { gpsOptOut: change.gpsOptOut };
      const personal = { person: id, name, number: number ?? undefined, language };
      values.append('person', { change: 'updated', ...said }, personal, after);
      this.#own(after);
      return { result: asPerson(after), committed: () => people.replace(before, after) };
    });
  }

  /** Stores a card made here (null: none). `replacing` revokes all earlier cards. Returns how many were revoked. */
  issueCard(id: string, card: IssuedCard | null, replacing: boolean): number {
    return this.#s.change(() => {
      const { sql, people, values, log } = this.#s;
      const person = people.require(id);
      const before = replacing ? people.secrets.credentialsOf(person).filter((one) => one.kind === 'card') : [];
      for (const one of before) {
        sql.run('DELETE FROM credential WHERE ref = ?', one.ref);
        values.append(
          'credential',
          { kind: 'card', change: 'revoked' },
          { person: id, bearer: { id: one.id } },
          person,
        );
      }
      if (card) {
        const credential = { kind: 'card', value: card.hash } as const;
        people.secrets.insertCredential(person, uuidBytes(card.id), credential, log.last + 1);
        values.append('credential', { kind: 'card', change: 'issued' }, { person: id, bearer: card }, person);
      }
      return { result: before.length, committed: () => people.refresh(id, person.ref) };
    });
  }

  /** Destroys the person's key, rows, templates and photos; appends the event. What the chain committed to stays unguessable. */
  async delete(id: string): Promise<void> {
    const { people, values } = this.#s;
    const photos = this.#s.change(() => {
      const person = people.require(id);
      const result = this.#parts.removal.deletePersonRows(person.ref);
      // Encrypted under the store's key, not the person's: the server must learn who it was about. Deleted once that is safe.
      values.append('person', { change: 'deleted' }, { person: id }, null);
      return { result, committed: () => people.forget(person) };
    }, true);
    await this.#s.wipe(photos);
  }

  /**
   * Records that a person's own code was used here; returns whether it was the first time. Durable when this returns.
   * @param code `digest` identifies it; `issuedAt` and `until` (when it expires anyway) in ms of trusted time, like `now`
   */
  useCode(code: { digest: Uint8Array; issuedAt: number; until: number }, now: number): 'first' | 'used' | 'forgotten' {
    const { settings } = this.#parts;
    const { sql } = this.#s;
    return this.#s.write(() => {
      // Deleted codes are never accepted as new, whatever happens to the clock later.
      const floor = Number(settings.get(CODES_FLOOR) ?? 0);
      if (code.issuedAt < floor) return 'forgotten';
      if (sql.run('DELETE FROM used_code WHERE until < ?', Math.floor(now)).changes > 0)
        settings.set(CODES_FLOOR, String(Math.max(floor, Math.floor(now - (code.until - code.issuedAt)))));
      const put = 'INSERT INTO used_code(digest, until) VALUES (?, ?) ON CONFLICT(digest) DO NOTHING';
      return sql.run(put, code.digest, Math.ceil(code.until)).changes > 0 ? 'first' : 'used';
    });
  }
}
