import { MAX_TEMPLATES } from '../../../sync/protocol/wire/event.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { sharedPin } from '../pin/stored-pin.ts';
import type { Checkins } from './checkins.ts';
import { templateValue } from './derived.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { IssuedCard, NewPerson, Person, PersonChange, Template } from './interface.ts';
import { asPerson, type Known, type PersonKeys } from './known.ts';
import type { Lookalikes } from './lookalikes.ts';
import type { Purge } from './purge.ts';
import type { Session } from './session.ts';

/** What to apply in memory once a transaction is committed, and what to answer. */
export interface Outcome<T> {
  readonly result: T;
  /** Takes the change over into memory; must not fail. */
  readonly committed: () => void;
}

/**
 * Changes of people: rows and their events in a transaction of the caller's, memory after the commit. A change that
 * failed leaves memory as the file is.
 */
export class PersonWrites {
  readonly #s: Session;
  readonly #checkins: Checkins;
  readonly #purge: Purge;
  readonly #lookalikes: Lookalikes;
  readonly #now: () => number;

  constructor(session: Session, checkins: Checkins, purge: Purge, lookalikes: Lookalikes, now: () => number) {
    this.#s = session;
    this.#checkins = checkins;
    this.#purge = purge;
    this.#lookalikes = lookalikes;
    this.#now = now;
  }

  /** @throws Problem `person-exists`, `number-taken` */
  requireNew(person: NewPerson): void {
    if (person.consent === null && (person.templates.length > 0 || person.photo !== null))
      throw new RangeError('a face without a consent');
    if (this.#s.people.known(person.id))
      throw new Problem('person-exists', 'this person is already on this kiosk', 'Change the person instead.');
    this.#requireFreeNumber(person.number, person.id);
  }

  #requireFreeNumber(number: string | null, owner: string): void {
    if (number === null) return;
    const holder = this.#s.people.byNumber(number);
    if (holder && holder.id !== owner)
      throw new Problem('number-taken', 'this number belongs to someone else', 'Give another number.');
  }

  add(person: NewPerson, keys: PersonKeys, record: Buffer, photo: string | null): Outcome<Person> {
    const { people, values } = this.#s;
    const { id, name, number, language, consent } = person;
    const known = people.insert(person, keys, Math.floor(this.#now()));
    const photoKey = photo === null ? undefined : values.photoKey(known, 'enrolment', uuidText(record));
    const personal = { person: id, name, number: number ?? undefined, language, photo: photo ?? undefined, photoKey };
    const event = values.append('person', { change: 'added' }, personal, known, record);
    if (photo) this.#checkins.insertPhoto(known, event, 'enrolment', photo);
    if (consent) {
      const { textVersion, minor } = consent;
      const said = { person: id, ...minor };
      values.append('consent', { action: 'given', textVersion, language: consent.language }, said, known);
    }
    // Before the templates: no kiosk has them without knowing of the pair.
    if (person.lookalike) this.#lookalikes.mark(id, person.lookalike.other, person.lookalike.marking);
    known.templates = this.#insertTemplates(known, person.templates).length;
    if (person.card) this.#writeCard(known, person.card);
    if (person.pinHash !== null) this.#writePin(known, person.pinHash, 'set');
    known.hasPin = person.pinHash !== null;
    this.#own(known, true);
    return { result: asPerson(known), committed: () => people.admit(known) };
  }

  #insertTemplates(person: Known, templates: NewPerson['templates']): Template[] {
    const { people, values, log } = this.#s;
    const stored: Template[] = [];
    for (const model of new Set(templates.map((one) => one.model))) {
      const ofModel = templates.filter((one) => one.model === model);
      for (let i = 0; i < ofModel.length; i += MAX_TEMPLATES) {
        const n = log.last + 1;
        const some = ofModel
          .slice(i, i + MAX_TEMPLATES)
          .map((template) => people.secrets.insertTemplate(person, log.newId(), template, n));
        const personal = { person: person.id, templates: some.map(templateValue) };
        values.append('template', { change: 'added', model, count: some.length }, personal, person);
        stored.push(...some);
      }
    }
    return stored;
  }

  /** Notes the newest event as one that the server must have before it overrules what this kiosk knows. */
  #own(person: Known, entered = false): void {
    const { db, log } = this.#s;
    db.prepare('UPDATE person SET edited = ?, entered = coalesce(?, entered) WHERE ref = ?').run(
      log.last,
      entered ? log.last : null,
      person.ref,
    );
  }

  /** Anyone who has a new face here is not to be enrolled again; the server says so too, a little later. */
  #enrolled(id: string): void {
    this.#s.db.prepare('DELETE FROM reenrolment WHERE person = ?').run(uuidBytes(id));
  }

  addTemplates(id: string, templates: NewPerson['templates']): Outcome<Template[]> {
    const person = this.#s.people.require(id);
    this.#enrolled(id);
    const result = this.#insertTemplates(person, templates);
    return {
      result,
      committed: () => {
        person.templates += result.length;
      },
    };
  }

  /**
   * Templates of a new enrolment of someone who is here, and its picture in place of the one before.
   *
   * @param record id of the event that brings the picture; `photo` its address
   * @returns `gone`: addresses of pictures whose files must go
   */
  enrolFace(
    id: string,
    templates: NewPerson['templates'],
    record: Buffer,
    photo: string,
  ): Outcome<{ readonly templates: Template[]; readonly gone: string[] }> {
    const { db, people, values } = this.#s;
    const person = people.require(id);
    const added = this.addTemplates(id, templates);
    const where = "person = ? AND kind = 'enrolment'";
    const before = db.prepare(`SELECT address FROM photo WHERE ${where}`).pluck().all(person.ref) as Buffer[];
    db.prepare(`DELETE FROM photo WHERE ${where}`).run(person.ref);
    const photoKey = values.photoKey(person, 'enrolment', uuidText(record));
    const event = values.append('person', { change: 'updated' }, { person: id, photo, photoKey }, person, record);
    this.#checkins.insertPhoto(person, event, 'enrolment', photo);
    const gone = before.map((address) => address.toString('base64url'));
    return { result: { templates: added.result, gone }, committed: added.committed };
  }

  update(id: string, change: PersonChange): Outcome<Person> {
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
  }

  #writeCard(person: Known, card: NonNullable<NewPerson['card']>): void {
    const { people, values, log } = this.#s;
    people.secrets.writeCardTemplate(person, card, log.last + 1);
    const { id, model, sealed, count } = card;
    values.append('template', { change: 'added', model, count }, { person: person.id, card: { id, sealed } }, person);
  }

  setCardTemplate(id: string, card: NonNullable<NewPerson['card']>): Outcome<void> {
    this.#writeCard(this.#s.people.require(id), card);
    this.#enrolled(id);
    return { result: undefined, committed: () => undefined };
  }

  #writePin(person: Known, hash: string | null, change: 'set' | 'removed' | 'carried'): void {
    const { people, values, log } = this.#s;
    people.secrets.writePin(person, hash, log.last + 1);
    // What is of this kiosk alone stays here.
    const pin = hash === null ? null : sharedPin(hash);
    values.append('pin', { change }, { person: person.id, ...(pin && { pin }) }, person);
  }

  /** @param byCode the person chose it with the code that they had for it, which is used up */
  setPin(id: string, hash: string | null, byCode = false): Outcome<void> {
    const person = this.#s.people.require(id);
    this.#writePin(person, hash, hash === null ? 'removed' : 'set');
    if (byCode) this.#s.people.secrets.usePinCode(person);
    return {
      result: undefined,
      committed: () => {
        person.hasPin = hash !== null;
      },
    };
  }

  /** The same PIN, hashed again; nothing where it is another by now. */
  carryPin(id: string, before: string, after: string): Outcome<void> {
    const person = this.#s.people.known(id);
    if (person && this.#s.people.secrets.pinHash(person) === before) this.#writePin(person, after, 'carried');
    return { result: undefined, committed: () => undefined };
  }

  /** @returns how many cards of before open nothing any more */
  issueCard(id: string, card: IssuedCard | null, replacing: boolean): Outcome<number> {
    const { db, people, values, log } = this.#s;
    const person = people.require(id);
    const before = replacing ? people.secrets.credentialsOf(person).filter((one) => one.kind === 'card') : [];
    for (const one of before) {
      db.prepare('DELETE FROM credential WHERE ref = ?').run(one.ref);
      values.append('credential', { kind: 'card', change: 'revoked' }, { person: id, bearer: { id: one.id } }, person);
    }
    if (card) {
      const credential = { kind: 'card', value: card.hash } as const;
      people.secrets.insertCredential(person, uuidBytes(card.id), credential, log.last + 1);
      values.append('credential', { kind: 'card', change: 'issued' }, { person: id, bearer: card }, person);
    }
    return { result: before.length, committed: () => people.refresh(id, person.ref) };
  }

  /** Gives the addresses of the photos whose files must go. */
  remove(id: string): Outcome<string[]> {
    const { people, values } = this.#s;
    const person = people.require(id);
    const result = this.#purge.person(person.ref);
    // Under the store's key, not the person's: the server must learn who this was about. It goes when that is safe.
    values.append('person', { change: 'deleted' }, { person: id }, null);
    return { result, committed: () => people.forget(person) };
  }
}
