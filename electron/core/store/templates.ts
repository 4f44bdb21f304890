import { Problem } from '../../../sync/errors/problem.ts';
import { MAX_TEMPLATES } from '../../../sync/protocol/wire/event.ts';
import { fileKey } from '../vault/vault.ts';
import { templateValue } from './derived.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { CardTemplate, NewPerson, Template } from './interface.ts';
import type { Known } from './known.ts';
import type { Photos } from './photos.ts';
import type { Outcome, Session } from './session.ts';

/** The templates people's faces are recognised by: stored here, or readable only with their card. */
export class Templates {
  readonly #s: Session;
  readonly #photos: Photos;

  constructor(session: Session, photos: Photos) {
    this.#s = session;
    this.#photos = photos;
  }

  of(person: string, model: string): Template[] {
    const { people } = this.#s;
    const known = people.known(person);
    return known ? people.secrets.templatesOf(known, model) : [];
  }

  /** Returns what the person's card opens; null if their templates are on no card. */
  onCard(person: string): CardTemplate | null {
    const { people } = this.#s;
    const known = people.known(person);
    return known && people.secrets.cardTemplateOf(known);
  }

  add(person: string, templates: NewPerson['templates']): Template[] {
    return this.#s.change(() => this.#add(person, templates));
  }

  #add(id: string, templates: NewPerson['templates']): Outcome<Template[]> {
    const person = this.#s.people.require(id);
    this.#enrolled(id);
    const result = this.insert(person, templates);
    return {
      result,
      committed: () => {
        person.templates += result.length;
      },
    };
  }

  /** Inserts templates and their events, in the running transaction. */
  insert(person: Known, templates: NewPerson['templates']): Template[] {
    const { people, values, log } = this.#s;
    const stored: Template[] = [];
    for (const model of new Set(templates.map((one) => one.model))) {
      const ofModel = templates.filter((one) => one.model === model);
      for (let i = 0; i < ofModel.length; i += MAX_TEMPLATES) {
        const n = log.last + 1;
        const given = ofModel.slice(i, i + MAX_TEMPLATES);
        const some = given.map((template) => people.secrets.insertTemplate(person, log.newId(), template, n));
        const quality = given.flatMap((template) => template.quality ?? []);
        const personal = {
          person: person.id,
          templates: some.map(templateValue),
          ...(quality.length === some.length && { quality }),
        };
        values.append('template', { change: 'added', model, count: some.length }, personal, person);
        stored.push(...some);
      }
    }
    return stored;
  }

  /** Clears the request to enrol again: the person has a new face here. The server does so too, a little later. */
  #enrolled(id: string): void {
    this.#s.sql.run('DELETE FROM reenrolment WHERE person = ?', uuidBytes(id));
  }

  /** As `add`; this enrolment's picture replaces the previous one, whose file is deleted. */
  async enrol(id: string, templates: NewPerson['templates'], picture: Uint8Array): Promise<Template[]> {
    const { people, log, vault } = this.#s;
    const known = people.require(id);
    const record = log.newId();
    const where = { person: id, record: uuidText(record), keyVersion: known.keyVersion, kind: 'enrolment' } as const;
    const photo = vault.seal(fileKey(people.photosKey(known), where), where, picture);
    const { added, replaced } = await vault.keep(photo, () => {
      // The person may have been deleted and added again while the picture was written.
      if (people.require(id).ref !== known.ref) throw new Problem('person-unknown');
      return this.#s.change(() => {
        const { result, committed } = this.#add(id, templates);
        return { result: { added: result, replaced: this.#replacePicture(known, record, photo.address) }, committed };
      });
    });
    if (replaced.length > 0) await this.#s.wipe(replaced);
    return added;
  }

  /** @returns the addresses of pictures whose files must be deleted */
  #replacePicture(person: Known, record: Buffer, photo: string): string[] {
    const { sql, values } = this.#s;
    const where = "person = ? AND kind = 'enrolment'";
    const before = sql.values<Buffer>(`SELECT address FROM photo WHERE ${where}`, person.ref);
    sql.run(`DELETE FROM photo WHERE ${where}`, person.ref);
    const photoKey = values.photoKey(person, 'enrolment', uuidText(record));
    const personal = { person: person.id, photo, photoKey };
    this.#photos.insert(
      person,
      values.append('person', { change: 'updated' }, personal, person, record),
      'enrolment',
      photo,
    );
    return before.map((address) => address.toString('base64url'));
  }

  /** Stores what the person's new card opens; what the previous card opened is deleted. */
  setOnCard(person: string, card: NonNullable<NewPerson['card']>): void {
    this.#s.write(() => {
      this.insertOnCard(this.#s.people.require(person), card);
      this.#enrolled(person);
    });
  }

  /** Stores what a card opens, with its event, in the running transaction. */
  insertOnCard(person: Known, card: NonNullable<NewPerson['card']>): void {
    const { people, values, log } = this.#s;
    people.secrets.writeCardTemplate(person, card, log.last + 1);
    const { id, model, sealed, count } = card;
    values.append('template', { change: 'added', model, count }, { person: person.id, card: { id, sealed } }, person);
  }
}
