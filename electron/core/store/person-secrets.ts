import { Problem } from '../../../sync/errors/problem.ts';
import { open, type Place, type Random, seal } from '../keys/envelope.ts';
import type { Sql } from './database.ts';
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
  // A copy: the buffer may be unaligned in a pool, and a Float32Array must start at a multiple of 4.
  return { id: text, person: person.id, model, pose, embedding: new Float32Array(new Uint8Array(bytes).buffer) };
}

/** A code with which a person chooses a PIN here: its hash (seal/pin-code.ts); `expires` in ms since 1970. */
export interface PinCode {
  readonly id: string;
  readonly hash: string;
  readonly expires: number;
}

/** What identifies a person: templates, PIN, cards and badges, each encrypted under the person's key and decrypted on demand. */
export class PersonSecrets {
  readonly #sql: Sql;
  readonly #random: Random;

  constructor(sql: Sql, random: Random) {
    this.#sql = sql;
    this.#random = random;
  }

  #seal(person: Known, field: string, record: string, value: Uint8Array | string, row = 1): Buffer {
    return seal(person.records, placeOf(person, field, record, row), value, this.#random);
  }

  /** @param n number of the event that adds it; 0 if it came from the server */
  insertTemplate(person: Known, id: Buffer, template: NewPerson['templates'][number], n: number): Template {
    const text = uuidText(id);
    const { model, pose, embedding } = template;
    if (embedding.length === 0 || !embedding.every(Number.isFinite)) throw new Problem('template-malformed');
    const bytes = Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength);
    const sealed = this.#seal(person, `template.embedding/${model}`, text, bytes);
    this.#sql.put('template', { id, person: person.ref, model, pose, sealed, n });
    return { id: text, person: person.id, model, pose, embedding };
  }

  /** Returns one template of this person; null if it was deleted. */
  template(person: Known, id: string): Template | null {
    const select = 'SELECT id, person, model, pose, sealed FROM template WHERE id = ?';
    const row = this.#sql.row<TemplateRow & { person: number }>(select, uuidBytes(id));
    return row?.person === person.ref ? openTemplate(person, row) : null;
  }

  templatesOf(person: Known, model: string): Template[] {
    return this.#openAll(person, 'AND model = ?', model);
  }

  /** Returns templates of every model, in the order they were added. */
  everyTemplateOf(person: Known): Template[] {
    return this.#openAll(person, '');
  }

  #openAll(person: Known, and: string, ...values: string[]): Template[] {
    const sql = `SELECT id, model, pose, sealed FROM template WHERE person = ? ${and} ORDER BY ref`;
    return this.#sql.rows<TemplateRow>(sql, person.ref, ...values).map((row) => openTemplate(person, row));
  }

  /** @param n number of the event that adds it; 0 if it came from the server */
  writeCardTemplate(person: Known, card: CardTemplate, n: number): void {
    const { id, model } = card;
    const sealed = this.#seal(person, `card-template/${model}`, id, Buffer.from(card.sealed, 'base64url'));
    this.#sql.put('card_template', { person: person.ref, id: uuidBytes(id), model, sealed, n }, 'person');
  }

  cardTemplateOf(person: Known): (CardTemplate & { readonly n: number }) | null {
    const row = this.#sql.row<{ id: Buffer; model: string; sealed: Buffer; n: number }>(
      'SELECT id, model, sealed, n FROM card_template WHERE person = ?',
      person.ref,
    );
    if (!row) return null;
    const { model, n } = row;
    const id = uuidText(row.id);
    const sealed = opened(person, `card-template/${model}`, id, row.sealed).toString('base64url');
    return { id, model, sealed, n };
  }

  #pin(person: Known) {
    const select = 'SELECT row_version, sealed, n FROM pin WHERE person = ?';
    return this.#sql.row<{ row_version: number; sealed: Buffer; n: number }>(select, person.ref);
  }

  pinHash(person: Known): string | null {
    const row = this.#pin(person);
    return row ? opened(person, 'person.pin', person.id, row.sealed, row.row_version).toString('utf8') : null;
  }

  /** Returns the number of the event that set the stored PIN; 0 if none did. Null if there is no PIN. */
  pinSince(person: Known): number | null {
    return this.#pin(person)?.n ?? null;
  }

  /** @param n number of the event that sets it; 0 if it came from the server */
  writePin(person: Known, hash: string | null, n: number): void {
    if (hash === null) {
      this.#sql.run('DELETE FROM pin WHERE person = ?', person.ref);
      return;
    }
    const version = (this.#pin(person)?.row_version ?? 0) + 1;
    const sealed = this.#seal(person, 'person.pin', person.id, hash, version);
    this.#sql.put('pin', { person: person.ref, row_version: version, sealed, n }, 'person');
  }

  /** Stores a PIN code. A code that was used here stays used. */
  writePinCode(person: Known, { id, hash, expires }: PinCode): void {
    this.#sql.run(
      `INSERT INTO pin_code(person, id, sealed, expires) VALUES (?, ?, ?, ?) ON CONFLICT(person) DO UPDATE
       SET id = excluded.id, sealed = excluded.sealed, expires = excluded.expires, used = (used AND id = excluded.id)`,
      person.ref,
      uuidBytes(id),
      this.#seal(person, 'person.pin-code', id, hash),
      expires,
    );
  }

  dropPinCode(person: Known): void {
    this.#sql.run('DELETE FROM pin_code WHERE person = ? AND used = 0', person.ref);
  }

  /** Returns the code that can be used now, if any. */
  pinCodeOf(person: Known, now: number): PinCode | null {
    const row = this.#sql.row<{ id: Buffer; sealed: Buffer; expires: number }>(
      'SELECT id, sealed, expires FROM pin_code WHERE person = ? AND used = 0 AND expires > ?',
      person.ref,
      Math.floor(now),
    );
    if (!row) return null;
    const id = uuidText(row.id);
    const hash = opened(person, 'person.pin-code', id, row.sealed).toString('utf8');
    return { id, hash, expires: row.expires };
  }

  usePinCode(person: Known): void {
    this.#sql.run('UPDATE pin_code SET used = 1 WHERE person = ?', person.ref);
  }

  /** @param n number of the event that adds it; 0 if it came from the server */
  insertCredential(person: Known, id: Buffer, { kind, value }: Credential, n: number): void {
    const sealed = this.#seal(person, `person.${kind}`, uuidText(id), value);
    this.#sql.put('credential', { id, person: person.ref, kind, sealed, n });
  }

  credentialsOf(person: Known): (Credential & { readonly ref: number; readonly id: string; readonly n: number })[] {
    const rows = this.#sql.rows<{ ref: number; id: Buffer; kind: Credential['kind']; sealed: Buffer; n: number }>(
      'SELECT ref, id, kind, sealed, n FROM credential WHERE person = ? ORDER BY ref',
      person.ref,
    );
    return rows.map(({ ref, id, kind, sealed, n }) => {
      const text = uuidText(id);
      const value = opened(person, `person.${kind}`, text, sealed).toString('utf8');
      return { ref, id: text, kind, value, n };
    });
  }
}
