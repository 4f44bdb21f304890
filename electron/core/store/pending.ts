import { createHash, createHmac, type KeyObject } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { DEVICE_PURPOSES, KEY_BYTES } from '../keys/derive.ts';
import { keyObject, open, type Place, type Random, seal } from '../keys/envelope.ts';
import type { KioskKeys } from '../keys/index.ts';
import type { PhotoPlace, Vault } from '../vault/vault.ts';
import { type Db, guarded } from './database.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Known } from './known.ts';
import { mayBe } from './pending-rules.ts';
import type { Reserve } from './reserve.ts';
import type { Session } from './session.ts';

/** Most pictures that wait at a time: more than someone looks at, and less than fills a disk. */
export const MAX_PENDING = 2_000;

/** What became of a picture: still to be looked at, or how staff decided. */
export type PendingState = 'waiting' | 'accepted' | 'refused' | 'in-person';

/** What is known of a picture that waits for staff's word. Sealed as a whole. */
export interface PendingAbout {
  /** What the picture or its folder was called: a name, a number or an id. */
  readonly word: string;
  /** The file's own name. */
  readonly file: string;
  /** Code of why someone has to look. */
  readonly reason: string;
  /** Id of the person it was joined with, where that was clear. */
  readonly person: string | null;
  /** Id of the person the face is enrolled as already, as far as that was looked for. */
  readonly duplicate: string | null;
  /** Version of the text that the importer vouches for; null: nobody vouches for anything. */
  readonly consent: string | null;
  readonly language: string;
  /** The face that would be taken: left, top, width, height as shares of the picture. */
  readonly face: readonly [number, number, number, number];
}

export interface PendingPhoto extends PendingAbout {
  readonly id: string;
  /** Trusted time, ms since 1970. */
  readonly addedAt: number;
}

export interface NewPending extends PendingAbout {
  /** The file as it was brought: only a keyed digest of it stays, by which it is known again. */
  readonly original: Uint8Array;
  /** What is kept: an encoded picture, without metadata. */
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

/** The rows of one connection. Each picture has a key of its own, wrapped: destroying the row is its erasure. */
export class PendingRows {
  readonly #db: Db;
  readonly #kek: KeyObject;
  readonly #random: Random;

  constructor({ db, random }: Session, kek: KeyObject) {
    this.#db = db;
    this.#kek = kek;
    this.#random = random;
  }

  newKey(): KeyObject {
    return keyObject(this.#random(KEY_BYTES));
  }

  insert(id: string, digest: Buffer, added: number, key: KeyObject, address: string, about: PendingAbout): void {
    this.#db
      .prepare('INSERT INTO pending_photo(id, digest, added, key, address, about) VALUES (?, ?, ?, ?, ?, ?)')
      .run(
        uuidBytes(id),
        digest,
        added,
        seal(this.#kek, keyPlace(id), key.export(), this.#random),
        Buffer.from(address, 'base64url'),
        seal(key, aboutPlace(id), JSON.stringify(about), this.#random),
      );
  }

  count(): number {
    return this.#db.prepare('SELECT count(*) FROM pending_photo WHERE outcome IS NULL').pluck().get() as number;
  }

  state(digest: Buffer): PendingState | null {
    const row = this.#db.prepare('SELECT outcome FROM pending_photo WHERE digest = ?').get(digest) as
      | { outcome: PendingState | null }
      | undefined;
    return row ? (row.outcome ?? 'waiting') : null;
  }

  #open(row: Row): { readonly photo: PendingPhoto; readonly key: KeyObject } {
    const id = uuidText(row.id);
    const key = keyObject(open(this.#kek, keyPlace(id), row.key));
    const about = JSON.parse(open(key, aboutPlace(id), row.about).toString('utf8')) as PendingAbout;
    return { photo: { ...about, id, addedAt: row.added }, key };
  }

  /** Oldest first. */
  all(): PendingPhoto[] {
    return this.#rows().map((row) => this.#open(row).photo);
  }

  #rows(): Row[] {
    return this.#db
      .prepare('SELECT id, added, key, address, about FROM pending_photo WHERE outcome IS NULL ORDER BY ref')
      .all() as Row[];
  }

  /** @throws Problem `review-photo-unknown` */
  require(id: string): { readonly photo: PendingPhoto; readonly key: KeyObject; readonly address: string } {
    const row = this.#db
      .prepare('SELECT id, added, key, address, about FROM pending_photo WHERE id = ? AND outcome IS NULL')
      .get(uuidBytes(id)) as Row | undefined;
    if (!row)
      throw new Problem(
        'review-photo-unknown',
        'this picture does not wait any more: someone decided about it, or its time was over',
        'Go on with the next one.',
      );
    return { ...this.#open(row), address: row.address.toString('base64url') };
  }

  /** Leaves that it was decided, and nothing of the picture. @param person ref of the person it was taken for */
  settle(id: string, outcome: Exclude<PendingState, 'waiting'>, person: number | null): void {
    this.#db
      .prepare(
        'UPDATE pending_photo SET outcome = ?, person = ?, key = NULL, address = NULL, about = NULL WHERE id = ? AND outcome IS NULL',
      )
      .run(outcome, person, uuidBytes(id));
  }

  /** Those that were brought before (trusted ms), decided or not. Gives the addresses of the files that must go. */
  purge(before: number): string[] {
    const gone = this.#db
      .prepare('SELECT address FROM pending_photo WHERE added < ? AND outcome IS NULL')
      .pluck()
      .all(Math.floor(before)) as Buffer[];
    this.#db.prepare('DELETE FROM pending_photo WHERE added < ? AND outcome IS NULL').run(Math.floor(before));
    return gone.map((address) => address.toString('base64url'));
  }

  /** Forgets what was decided about pictures that were brought before (trusted ms). */
  forget(before: number): void {
    this.#db.prepare('DELETE FROM pending_photo WHERE added < ? AND outcome IS NOT NULL').run(Math.floor(before));
  }

  /**
   * Everything that may be a picture of this person, by the name of its file, by the person it was joined with, or by
   * its face. Of several people of one name it goes with the first of them; one that can't be opened goes with anybody,
   * since it might be theirs and is of use to nobody. Gives the addresses of the files that must go.
   */
  removePerson(person: Known): string[] {
    this.#db.prepare('DELETE FROM pending_photo WHERE person = ?').run(person.ref);
    const theirs = this.#rows().filter((row) => {
      const one = this.#openable(row);
      return !one || one.person === person.id || one.duplicate === person.id || mayBe(one.word, person);
    });
    for (const { id } of theirs) this.#db.prepare('DELETE FROM pending_photo WHERE id = ?').run(id);
    return theirs.map(({ address }) => address.toString('base64url'));
  }

  #openable(row: Row): PendingPhoto | null {
    try {
      return this.#open(row).photo;
    } catch {
      return null;
    }
  }

  /** Addresses of all that wait. */
  addresses(): string[] {
    return pendingAddresses(this.#db);
  }
}

/** Addresses of the files of pictures that wait. */
export function pendingAddresses(db: Db): string[] {
  const rows = db.prepare('SELECT address FROM pending_photo WHERE outcome IS NULL').pluck().all() as Buffer[];
  return rows.map((address) => address.toString('base64url'));
}

/** Puts the keys of waiting pictures under another generation's, for `store rekey`. */
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

/** Removes what was brought before (trusted ms), and leaves an event with the count. Gives the addresses of the files that must go. */
export function purgeWaiting({ log }: Pick<Session, 'log'>, pending: PendingRows, before: number): string[] {
  const addresses = pending.purge(before);
  // Not a `purge` event: it has codes for photos and positions of check-ins alone, which a server may refuse otherwise.
  if (addresses.length > 0)
    log.insert('health', { code: 'review-photos-purged', detail: { removed: addresses.length } });
  return addresses;
}

export interface LivePending {
  readonly session: Session;
  readonly pending: PendingRows;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
}

/**
 * Pictures of an import that wait until staff has looked at them: sealed into the vault like every photo, each under a key
 * of its own, and of nobody until one is accepted.
 */
export class PendingPhotos {
  readonly #live: () => LivePending;
  readonly #vault: Vault;
  readonly #reserve: Reserve;
  readonly #keys: KioskKeys;
  readonly #removed: () => void;

  /** @param removed old versions in the write-ahead log must go */
  constructor(live: () => LivePending, vault: Vault, reserve: Reserve, keys: KioskKeys, removed: () => void) {
    this.#live = live;
    this.#vault = vault;
    this.#reserve = reserve;
    this.#keys = keys;
    this.#removed = removed;
  }

  #write<T>(work: (live: LivePending) => T): T {
    const live = this.#live();
    return this.#reserve.durably(() => live.session.log.transaction(() => work(live)));
  }

  /** HMAC-SHA-256 of name and content: without the kiosk's key it says nothing about a picture. */
  #digest(word: string, original: Uint8Array): Buffer {
    const content = createHash('sha256').update(original).digest();
    return createHmac('sha256', this.#keys.subkey(DEVICE_PURPOSES.imports))
      .update(content)
      .update(word.normalize('NFC'), 'utf8')
      .digest();
  }

  count(): number {
    return guarded(() => this.#live().pending.count());
  }

  /** Oldest first. */
  list(): PendingPhoto[] {
    return guarded(() => this.#live().pending.all());
  }

  /** @throws Problem `review-photo-unknown` */
  get(id: string): PendingPhoto {
    return guarded(() => this.#live().pending.require(id).photo);
  }

  /** What became of this very file under this name; null: it was never kept here, or that is long ago. */
  state(word: string, original: Uint8Array): PendingState | null {
    return guarded(() => this.#live().pending.state(this.#digest(word, original)));
  }

  /**
   * Keeps a picture; durable when it is answered. One that is known already is not kept twice.
   * @throws Problem `review-full`, `storage-full`
   */
  async keep({ original, picture, ...about }: NewPending): Promise<PendingState> {
    const digest = this.#digest(about.word, original);
    const { pending, session } = this.#live();
    const before = guarded(() => pending.state(digest));
    if (before) return before;
    if (guarded(() => pending.count()) >= MAX_PENDING)
      throw new Problem(
        'review-full',
        `${MAX_PENDING} pictures wait already`,
        'Have staff look at them at the kiosk first, and import again.',
      );
    const id = uuidText(session.log.newId());
    const key = pending.newKey();
    const photo = this.#vault.seal(key, photoPlace(id), picture);
    await this.#vault.keep(photo, () =>
      this.#write((live) => live.pending.insert(id, digest, Math.floor(live.now()), key, photo.address, about)),
    );
    return 'waiting';
  }

  /** The encoded picture. @throws Problem `review-photo-unknown`, `photo-missing`, `photo-altered` */
  async open(id: string): Promise<Uint8Array> {
    const { key, address } = guarded(() => this.#live().pending.require(id));
    return this.#vault.read(key, photoPlace(id), address);
  }

  /**
   * Someone has decided: the picture goes.
   * @param person id of the person it was taken for.
   * @throws Problem `review-photo-unknown`
   */
  async settle(id: string, outcome: Exclude<PendingState, 'waiting'>, person: string | null = null): Promise<void> {
    const address = this.#write(({ pending, session }) => {
      const one = pending.require(id);
      pending.settle(id, outcome, person === null ? null : (session.people.known(person)?.ref ?? null));
      return one.address;
    });
    this.#removed();
    await this.#vault.remove([address]);
  }

  /**
   * Removes what has waited since before `before`, and forgets decisions of before `decided`; both trusted ms.
   * @returns how many pictures went
   */
  async purge(before: number, decided: number): Promise<number> {
    const gone = this.#write(({ pending, session }) => {
      pending.forget(decided);
      return purgeWaiting(session, pending, before);
    });
    if (gone.length > 0) this.#removed();
    await this.#vault.remove(gone);
    return gone.length;
  }
}
