import { Problem } from '../../../sync/errors/problem.ts';
import { open, type Place, type Random, seal } from '../keys/envelope.ts';
import type { Db } from './database.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { CardTemplate, Credential, NewPerson, Template } from './interface.ts';
import type { Known } from './known.ts';

const placeOf = (person: Known, field: string, record: string, row = 1): Place => ({
  field,
  person: person.id,
  record,
  row,
  key: person.keyVersion,
});

const opened = (person: Known, field: string, record: string, sealed: Buffer, row = 1): Buffer =>
  open(person.records, placeOf(person, field, record, row), sealed);

interface TemplateRow {
  readonly id: Buffer;
  readonly model: string;
  readonly pose: string;
  readonly sealed: Buffer;
}

function openTemplate(person: Known, { id, model, pose, sealed }: TemplateRow): Template {
  const text = uuidText(id);
  const bytes = opened(person, `template.embedding/${model}`, text, sealed);
  // A copy: the buffer may lie unaligned in a pool, and a Float32Array must start at a multiple of 4.
  return { id: text, person: person.id, model, pose, embedding: new Float32Array(new Uint8Array(bytes).buffer) };
}

/** A code by which a person chooses a PIN here: its hash (seal/pin-code.ts); `expires` in ms since 1970. */
export interface PinCode {
  readonly id: string;
  readonly hash: string;
  readonly expires: number;
}

/** What a person is recognised by: templates, PIN, cards and badges, each sealed under the person's key, opened when asked for. */
export class PersonSecrets {
  readonly #db: Db;
  readonly #random: Random;
  readonly #byRef: (ref: number) => Known | null;
  readonly #templatesOfModel;
  readonly #template;
  readonly #pin;

  constructor(db: Db, random: Random, byRef: (ref: number) => Known | null) {
    this.#db = db;
    this.#random = random;
    this.#byRef = byRef;
    this.#templatesOfModel = db.prepare(
      'SELECT ref, id, person, model, pose, sealed FROM template WHERE model = ? AND (person, ref) > (?, ?) ORDER BY person, ref LIMIT 64',
    );
    this.#template = db.prepare('SELECT id, person, model, pose, sealed FROM template WHERE id = ?');
    this.#pin = db.prepare('SELECT row_version, sealed FROM pin WHERE person = ?');
  }

  #seal(person: Known, field: string, record: string, value: Uint8Array | string, row = 1): Buffer {
    return seal(person.records, placeOf(person, field, record, row), value, this.#random);
  }

  /** @param n number of the event that brings it; 0: it came from the server */
  insertTemplate(person: Known, id: Buffer, template: NewPerson['templates'][number], n: number): Template {
    const text = uuidText(id);
    const { model, pose, embedding } = template;
    if (embedding.length === 0 || !embedding.every(Number.isFinite)) throw new Problem('template-malformed');
    const bytes = Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength);
    const sealed = this.#seal(person, `template.embedding/${model}`, text, bytes);
    this.#db
      .prepare('INSERT INTO template(id, person, model, pose, sealed, n) VALUES (?, ?, ?, ?, ?, ?)')
      .run(id, person.ref, model, pose, sealed, n);
    return { id: text, person: person.id, model, pose, embedding };
  }

  *templates(model: string): IterableIterator<Template> {
    // In pieces: a cursor kept open would lock out writes, and all rows at once are 100 MB at 10,000 people.
    for (let after = [0, 0]; ; ) {
      const rows = this.#templatesOfModel.all(model, ...after) as (TemplateRow & { ref: number; person: number })[];
      for (const row of rows) {
        const person = this.#byRef(row.person);
        if (person) yield openTemplate(person, row);
      }
      const last = rows.at(-1);
      if (!last) return;
      after = [last.person, last.ref];
    }
  }

  /** One template of this person; null when it is gone. */
  template(person: Known, id: string): Template | null {
    const row = this.#template.get(uuidBytes(id)) as (TemplateRow & { person: number }) | undefined;
    return row?.person === person.ref ? openTemplate(person, row) : null;
  }

  templatesOf(person: Known, model: string): Template[] {
    return this.#openAll(person, 'AND model = ?', model);
  }

  /** Templates of every model, in the order they came. */
  everyTemplateOf(person: Known): Template[] {
    return this.#openAll(person, '');
  }

  #openAll(person: Known, and: string, ...values: string[]): Template[] {
    const sql = `SELECT id, model, pose, sealed FROM template WHERE person = ? ${and} ORDER BY ref`;
    return (this.#db.prepare(sql).all(person.ref, ...values) as TemplateRow[]).map((row) => openTemplate(person, row));
  }

  /** @param n number of the event that brings it; 0: it came from the server */
  writeCardTemplate(person: Known, card: CardTemplate, n: number): void {
    const { id, model } = card;
    const sealed = this.#seal(person, `card-template/${model}`, id, Buffer.from(card.sealed, 'base64url'));
    this.#db
      .prepare(
        `INSERT INTO card_template(person, id, model, sealed, n) VALUES (?, ?, ?, ?, ?) ON CONFLICT(person) DO UPDATE
         SET id = excluded.id, model = excluded.model, sealed = excluded.sealed, n = excluded.n`,
      )
      .run(person.ref, uuidBytes(id), model, sealed, n);
  }

  cardTemplateOf(person: Known): (CardTemplate & { readonly n: number }) | null {
    const row = this.#db.prepare('SELECT id, model, sealed, n FROM card_template WHERE person = ?').get(person.ref) as
      | { id: Buffer; model: string; sealed: Buffer; n: number }
      | undefined;
    if (!row) return null;
    const { model, n } = row;
    const id = uuidText(row.id);
    const sealed = opened(person, `card-template/${model}`, id, row.sealed).toString('base64url');
    return { id, model, sealed, n };
  }

  pinHash(person: Known): string | null {
    const row = this.#pin.get(person.ref) as { row_version: number; sealed: Buffer } | undefined;
    return row ? opened(person, 'person.pin', person.id, row.sealed, row.row_version).toString('utf8') : null;
  }

  /** Number of the event that brought the PIN that is stored; 0: none did. Null: there is no PIN. */
  pinSince(person: Known): number | null {
    const n = this.#db.prepare('SELECT n FROM pin WHERE person = ?').pluck().get(person.ref) as number | undefined;
    return n ?? null;
  }

  /** @param n number of the event that brings it; 0: it came from the server */
  writePin(person: Known, hash: string | null, n: number): void {
    const row = this.#pin.get(person.ref) as { row_version: number } | undefined;
    if (hash === null) {
      this.#db.prepare('DELETE FROM pin WHERE person = ?').run(person.ref);
      return;
    }
    const version = (row?.row_version ?? 0) + 1;
    const sealed = this.#seal(person, 'person.pin', person.id, hash, version);
    this.#db
      .prepare(
        `INSERT INTO pin(person, row_version, sealed, n) VALUES (?, ?, ?, ?) ON CONFLICT(person) DO UPDATE
         SET row_version = excluded.row_version, sealed = excluded.sealed, n = excluded.n`,
      )
      .run(person.ref, version, sealed, n);
  }

  /** One that was used here already stays used. */
  writePinCode(person: Known, { id, hash, expires }: PinCode): void {
    this.#db
      .prepare(
        `INSERT INTO pin_code(person, id, sealed, expires) VALUES (?, ?, ?, ?) ON CONFLICT(person) DO UPDATE
         SET id = excluded.id, sealed = excluded.sealed, expires = excluded.expires, used = (used AND id = excluded.id)`,
      )
      .run(person.ref, uuidBytes(id), this.#seal(person, 'person.pin-code', id, hash), expires);
  }

  dropPinCode(person: Known): void {
    this.#db.prepare('DELETE FROM pin_code WHERE person = ? AND used = 0').run(person.ref);
  }

  /** That can be used now. */
  pinCodeOf(person: Known, now: number): PinCode | null {
    const row = this.#db
      .prepare('SELECT id, sealed, expires FROM pin_code WHERE person = ? AND used = 0 AND expires > ?')
      .get(person.ref, Math.floor(now)) as { id: Buffer; sealed: Buffer; expires: number } | undefined;
    if (!row) return null;
    const id = uuidText(row.id);
    const hash = opened(person, 'person.pin-code', id, row.sealed).toString('utf8');
    return { id, hash, expires: row.expires };
  }

  usePinCode(person: Known): void {
    this.#db.prepare('UPDATE pin_code SET used = 1 WHERE person = ?').run(person.ref);
  }

  /** @param n number of the event that brings it; 0: it came from the server */
  insertCredential(person: Known, id: Buffer, { kind, value }: Credential, n: number): void {
    const sealed = this.#seal(person, `person.${kind}`, uuidText(id), value);
    this.#db
      .prepare('INSERT INTO credential(id, person, kind, sealed, n) VALUES (?, ?, ?, ?, ?)')
      .run(id, person.ref, kind, sealed, n);
  }

  credentialsOf(person: Known): (Credential & { readonly ref: number; readonly id: string; readonly n: number })[] {
    const rows = this.#db
      .prepare('SELECT ref, id, kind, sealed, n FROM credential WHERE person = ? ORDER BY ref')
      .all(person.ref) as { ref: number; id: Buffer; kind: Credential['kind']; sealed: Buffer; n: number }[];
    return rows.map(({ ref, id, kind, sealed, n }) => {
      const text = uuidText(id);
      const value = opened(person, `person.${kind}`, text, sealed).toString('utf8');
      return { ref, id: text, kind, value, n };
    });
  }
}
