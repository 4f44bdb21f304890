import { createHash, createHmac, type KeyObject } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { DEVICE_PURPOSES, KEY_BYTES } from '../keys/derive.ts';
import { keyObject, open, type Place, type Random, seal } from '../keys/envelope.ts';
import type { PhotoPlace } from '../vault/vault.ts';
import type { Db, Sql } from './database.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Known } from './known.ts';
import { mayBe } from './pending-rules.ts';
import type { Session } from './session.ts';

/** Most pictures waiting at a time: more than anyone reviews, and less than fills a disk. */
export const MAX_PENDING = 2_000;

/** State of a picture: waiting for a review, or how staff decided. */
export type PendingState = 'waiting' | 'accepted' | 'refused' | 'in-person';

/** What is known of a picture that is waiting for staff. Encrypted as a whole. */
export interface PendingAbout {
  /** Name of the picture or its folder: a person's name, number or id. */
  readonly label: string;
  readonly file: string;
  readonly reason: string;
  /** Id of the person it was matched with, if that was clear. */
  readonly person: string | null;
  /** Id of the person the face is already enrolled as, if that was checked. */
  readonly duplicate: string | null;
  /** Version of the text that the importer says was consented to; null if nothing was said. */
  readonly consent: string | null;
  readonly language: string;
  /** The face that would be enrolled: left, top, width, height as fractions of the picture's size. */
  readonly face: readonly [number, number, number, number];
}

export interface PendingPhoto extends PendingAbout {
  readonly id: string;
  /** Trusted time, ms since 1970. */
  readonly addedAt: number;
}

export interface NewPending extends PendingAbout {
  /** The original file: only a keyed digest of it is kept, to recognise the file later. */
  readonly original: Uint8Array;
  /** The part that is kept: an encoded picture, without metadata. */
  readonly picture: Uint8Array;
}

const keyPlace = (id: string): Place => ({ field: 'pending-key', person: '', record: id, row: 1, key: 1 });
const aboutPlace = (id: string): Place => ({ field: 'pending.about', person: '', record: id, row: 1, key: 1 });
const photoPlace = (record: string): PhotoPlace => ({ person: '', record, keyVersion: 1, kind: 'pending' });

interface Row {
  readonly id: Buffer;
  readonly added: number;
  readonly key: Buffer;
  readonly address: Buffer;
  readonly about: Buffer;
}

/**
 * Pictures of an import that wait for a review by staff: encrypted in the vault like every photo, and assigned to nobody until
 * one is accepted. Each has its own wrapped key: destroying the row is its erasure.
 */
export class PendingPhotos {
  readonly #s: Session;
  readonly #kek: KeyObject;

  constructor(session: Session) {
    this.#s = session;
    this.#kek = keyObject(session.keys.current.subkey('vault'));
  }

  /** HMAC-SHA-256 of name and content: without the kiosk's key it reveals nothing about a picture. */
  #digest(label: string, original: Uint8Array): Buffer {
    const content = createHash('sha256').update(original).digest();
    return createHmac('sha256', this.#s.keys.subkey(DEVICE_PURPOSES.imports))
      .update(content)
      .update(label.normalize('NFC'), 'utf8')
      .digest();
  }

  count(): number {
    return this.#s.sql.value<number>('SELECT count(*) FROM pending_photo WHERE outcome IS NULL')!;
  }

  /** Oldest first. */
  list(): PendingPhoto[] {
    return this.#rows().map((row) => this.#open(row).photo);
  }

  #rows(): Row[] {
    return this.#s.sql.rows<Row>(
      'SELECT id, added, key, address, about FROM pending_photo WHERE outcome IS NULL ORDER BY ref',
    );
  }

  #open(row: Row): { readonly photo: PendingPhoto; readonly key: KeyObject } {
    const id = uuidText(row.id);
    const key = keyObject(open(this.#kek, keyPlace(id), row.key));
    const about = JSON.parse(open(key, aboutPlace(id), row.about).toString('utf8')) as PendingAbout;
    return { photo: { ...about, id, addedAt: row.added }, key };
  }

  /** @throws Problem `review-photo-unknown` */
  get(id: string): PendingPhoto {
    return this.#require(id).photo;
  }

  #require(id: string): { readonly photo: PendingPhoto; readonly key: KeyObject; readonly address: string } {
    const select = 'SELECT id, added, key, address, about FROM pending_photo WHERE id = ? AND outcome IS NULL';
    const row = this.#s.sql.row<Row>(select, uuidBytes(id));
    if (!row) throw new Problem('review-photo-unknown');
    return { ...this.#open(row), address: row.address.toString('base64url') };
  }

  /** Returns the state of exactly this file under this name; null if it was never kept here, or long ago. */
  state(label: string, original: Uint8Array): PendingState | null {
    return this.#state(this.#digest(label, original));
  }

  #state(digest: Buffer): PendingState | null {
    const select = 'SELECT outcome FROM pending_photo WHERE digest = ?';
    const outcome = this.#s.sql.value<PendingState | null>(select, digest);
    return outcome === undefined ? null : (outcome ?? 'waiting');
  }

  /**
   * Keeps a picture; durable when this resolves. A known picture is not stored twice.
   * @throws Problem `review-full`, `storage-full`
   */
  async keep({ original, picture, ...about }: NewPending): Promise<PendingState> {
    const { sql, log, random, vault } = this.#s;
    const digest = this.#digest(about.label, original);
    const before = this.#state(digest);
    if (before) return before;
    if (this.count() >= MAX_PENDING) throw new Problem('review-full', { max: MAX_PENDING });
    const id = uuidText(log.newId());
    const key = keyObject(random(KEY_BYTES));
    const photo = vault.seal(key, photoPlace(id), picture);
    await vault.keep(photo, () =>
      this.#s.write(() =>
        sql.put('pending_photo', {
          id: uuidBytes(id),
          digest,
          added: Math.floor(this.#s.trustedNow()),
          key: seal(this.#kek, keyPlace(id), key.export(), random),
          address: Buffer.from(photo.address, 'base64url'),
          about: seal(key, aboutPlace(id), JSON.stringify(about), random),
        }),
      ),
    );
    return 'waiting';
  }

  /** The encoded picture. @throws Problem `review-photo-unknown`, `photo-missing`, `photo-altered` */
  async open(id: string): Promise<Uint8Array> {
    const { key, address } = this.#require(id);
    return this.#s.vault.read(key, photoPlace(id), address);
  }

  /**
   * Stores a decision: the picture is deleted; only the fact that it was decided is kept.
   * @param person id of the person it was enrolled for.
   * @throws Problem `review-photo-unknown`
   */
  async settle(id: string, outcome: Exclude<PendingState, 'waiting'>, person: string | null = null): Promise<void> {
    const address = this.#s.write(() => {
      const one = this.#require(id);
      const ref = person === null ? null : (this.#s.people.known(person)?.ref ?? null);
      this.#s.sql.run(
        'UPDATE pending_photo SET outcome = ?, person = ?, key = NULL, address = NULL, about = NULL WHERE id = ? AND outcome IS NULL',
        outcome,
        ref,
        uuidBytes(id),
      );
      return one.address;
    });
    await this.#s.wipe([address]);
  }

  /**
   * Deletes pictures that have waited since before `before`, and decisions older than `decided`; both in trusted ms.
   * @returns how many pictures were deleted
   */
  async purge(before: number, decided: number): Promise<number> {
    const removed = this.#s.write(() => {
      this.#s.sql.run('DELETE FROM pending_photo WHERE added < ? AND outcome IS NOT NULL', Math.floor(decided));
      return this.remove(before);
    });
    if (removed.length > 0) await this.#s.wipe(removed);
    return removed.length;
  }

  /**
   * Deletes pictures added before `before` (trusted ms), in the running transaction, and leaves an event with their count.
   * @returns the addresses of the files to delete
   */
  remove(before: number): string[] {
    const where = 'added < ? AND outcome IS NULL';
    const { sql } = this.#s;
    const removed = sql.values<Buffer>(`SELECT address FROM pending_photo WHERE ${where}`, Math.floor(before));
    sql.run(`DELETE FROM pending_photo WHERE ${where}`, Math.floor(before));
    // Not a `purge` event: that has codes only for photos and positions of check-ins, and a server may refuse others.
    if (removed.length > 0)
      this.#s.log.insert('health', { code: 'review-photos-purged', detail: { removed: removed.length } });
    return removed.map((address) => address.toString('base64url'));
  }

  /**
   * Deletes everything that may be a picture of this person, in the running transaction: by file name, by the person it was
   * matched with, or by face. If several people share a name, the first deletion removes it. A picture that can't be opened is
   * deleted with anyone, since it might be theirs and is of no use.
   * @returns the addresses of the files to delete
   */
  removePerson(person: Known): string[] {
    const { sql } = this.#s;
    sql.run('DELETE FROM pending_photo WHERE person = ?', person.ref);
    const theirs = this.#rows().filter((row) => {
      const one = this.#openable(row);
      return !one || one.person === person.id || one.duplicate === person.id || mayBe(one.label, person);
    });
    for (const { id } of theirs) sql.run('DELETE FROM pending_photo WHERE id = ?', id);
    return theirs.map(({ address }) => address.toString('base64url'));
  }

  #openable(row: Row): PendingPhoto | null {
    try {
      return this.#open(row).photo;
    } catch {
      return null;
    }
  }
}

/** Returns the file addresses of waiting pictures. */
export function pendingAddresses(sql: Sql): string[] {
  const rows = sql.values<Buffer>('SELECT address FROM pending_photo WHERE outcome IS NULL');
  return rows.map((address) => address.toString('base64url'));
}

/** Rewraps the keys of waiting pictures under another key generation, for `store rekey`. */
export function rewrapPending(db: Db, from: KeyObject, to: KeyObject, random: Random): void {
  const update = db.prepare('UPDATE pending_photo SET key = ? WHERE id = ?');
  const rows = db.prepare('SELECT id, key FROM pending_photo WHERE key IS NOT NULL').all() as {
    id: Buffer;
    key: Buffer;
  }[];
  for (const { id, key } of rows) {
    const place = keyPlace(uuidText(id));
    update.run(seal(to, place, open(from, place, key), random), id);
  }
}
