import { Problem } from '../../../sync/errors/problem.ts';
import { fileKey } from '../vault/vault.ts';
import type { Inserted } from './events.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Known } from './known.ts';
import { ofPhoto, type Session } from './session.ts';

export class Photos {
  readonly #s: Session;

  constructor(session: Session) {
    this.#s = session;
  }

  /** Returns the picture. @throws Problem `photo-unknown`; others if it was altered, swapped or its key destroyed */
  async open(photo: string): Promise<Uint8Array> {
    const { sql, people, vault } = this.#s;
    const row = sql.row<{ kind: 'checkin' | 'enrolment'; person: number; record: Buffer; keyed: number }>(
      'SELECT kind, person, record, keyed FROM photo WHERE address = ?',
      Buffer.from(photo, 'base64url'),
    );
    const known = row && people.byRef(row.person);
    if (!row || !known) throw new Problem('photo-unknown');
    const where = { person: known.id, record: uuidText(row.record), keyVersion: known.keyVersion, kind: row.kind };
    const photos = people.photosKey(known);
    return vault.read(row.keyed ? fileKey(photos, where) : photos, where, photo);
  }

  /** Returns the ciphertext after checking its address. @throws Problem `photo-missing`, `photo-altered` */
  sealed(address: string): Promise<Buffer> {
    return this.#s.vault.readSealed(address);
  }

  /** Inserts the row of an event's photo, in the running transaction. */
  insert(person: Known, event: Inserted, kind: 'checkin' | 'enrolment', address: string): void {
    const place = kind === 'checkin' ? 'checkin.photo' : 'person.photo';
    const sealed = this.#s.values.seal(
      place,
      person,
      event.id,
      event.salted.filter(({ field }) => ofPhoto(field)),
    );
    const [bytes, record] = [Buffer.from(address, 'base64url'), uuidBytes(event.id)];
    this.#s.sql.put('photo', { n: event.n, kind, person: person.ref, address: bytes, sealed, record, keyed: 1 });
  }

  /** Returns the address of the newest picture of a person's enrolment here; null if there is none. */
  ofEnrolment(person: string): string | null {
    const known = this.#s.people.known(person);
    const sql = "SELECT address FROM photo WHERE person = ? AND kind = 'enrolment' ORDER BY n DESC LIMIT 1";
    const address = known && this.#s.sql.value<Buffer>(sql, known.ref);
    return address?.toString('base64url') ?? null;
  }
}
