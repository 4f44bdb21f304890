import type { KeyObject } from 'node:crypto';
import type { EventType, WireEvent } from '../../../sync/protocol/wire/event.ts';
import { keyObject, open, type Place, type Random, seal } from '../keys/envelope.ts';
import type { KioskKeys } from '../keys/index.ts';
import { fileKey, type Vault } from '../vault/vault.ts';
import type { Clock } from './clock.ts';
import { packSalted, typeOf, unpackSalted } from './compact.ts';
import { type Db, guarded, Sql } from './database.ts';
import { fromStored, toStored, weightOf } from './derived.ts';
import { EventLog, type EventRow, type Inserted, type Salted, wireEvent } from './events.ts';
import { uuidText } from './header.ts';
import type { Known } from './known.ts';
import { People } from './people.ts';
import type { Reserve } from './reserve.ts';

export interface SessionOptions {
  readonly db: Db;
  readonly keys: KioskKeys;
  readonly device: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly vault: Vault;
  /** Space that a write may use when the disk is full. */
  readonly reserve: Reserve;
  /** See EventLog. */
  readonly own: boolean;
}

/** What to change in memory once a transaction is committed, and what to return. */
export interface Outcome<T> {
  readonly result: T;
  /** Applies the change in memory; must not fail. */
  readonly committed: () => void;
}

/** One open connection with everything that depends on it; the parts of the store write through it. */
export class Session {
  readonly sql: Sql;
  readonly log: EventLog;
  readonly people: People;
  readonly values: Values;
  readonly random: Random;
  readonly vault: Vault;
  readonly keys: KioskKeys;
  readonly device: string;
  readonly reserve: Reserve;
  readonly #clock: Clock;
  #removals = 0;

  constructor({ db, keys, device, clock, random, vault, reserve, own }: SessionOptions) {
    this.sql = new Sql(db);
    this.log = new EventLog(this.sql, device, clock, random, own);
    this.people = new People(this.sql, keys.current, random);
    this.values = new Values(this.sql, this.log, this.people, keyObject(keys.current.subkey('storeValues')), random);
    this.random = random;
    this.vault = vault;
    this.keys = keys;
    this.device = device;
    this.reserve = reserve;
    this.#clock = clock;
  }

  get db(): Db {
    return this.sql.db;
  }

  /** This machine's clock, ms since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Trusted time, ms since 1970. */
  trustedNow(): number {
    return this.#clock.now() + this.#clock.offset();
  }

  /** Runs one durable transaction. Inside another one it becomes part of it. @param erasing see Reserve */
  write<T>(work: () => T, erasing = false): T {
    return this.db.inTransaction ? work() : this.reserve.withReserve(() => this.log.transaction(work), erasing);
  }

  /** Runs a write, and updates memory after the commit. @param erasing see Reserve */
  change<T>(work: () => Outcome<T>, erasing = false): T {
    const { result, committed } = this.write(work, erasing);
    committed();
    return result;
  }

  get removals(): number {
    return this.#removals;
  }

  /** Called after personal values were removed: empties the write-ahead log of their old versions. */
  noteRemoval(): void {
    this.#removals++;
    this.scrubLog();
  }

  /** As `noteRemoval`, then deletes the files of photos. */
  async wipe(photos: readonly string[]): Promise<void> {
    try {
      this.noteRemoval();
    } finally {
      // Even if the disk is too full to empty the log: nobody else would delete them before the next start.
      await this.vault.remove(photos);
    }
  }

  /** Empties the write-ahead log, which still has old versions of deleted rows. */
  scrubLog(): void {
    guarded(() => this.db.pragma('wal_checkpoint(TRUNCATE)'));
  }
}

/** Personal event values at rest: encrypted under the person's key, or under the store's if they concern nobody who has one. */
export class Values {
  readonly #sql: Sql;
  readonly #log: EventLog;
  readonly #people: People;
  readonly #storeKey: KeyObject;
  readonly #random: Random;

  constructor(sql: Sql, log: EventLog, people: People, storeKey: KeyObject, random: Random) {
    this.#sql = sql;
    this.#log = log;
    this.#people = people;
    this.#storeKey = storeKey;
    this.#random = random;
  }

  place(field: string, person: Known | null, record: string): Place {
    return { field, person: person?.id ?? '', record, row: 1, key: person?.keyVersion ?? 1 };
  }

  seal(field: string, person: Known | null, record: string, salted: readonly Salted[]): Buffer {
    const packed = packSalted(toStored(salted));
    return seal(person?.records ?? this.#storeKey, this.place(field, person, record), packed, this.#random);
  }

  open(field: string, person: Known | null, record: string, sealed: Uint8Array): Salted[] {
    const stored = unpackSalted(open(person?.records ?? this.#storeKey, this.place(field, person, record), sealed));
    return fromStored(stored, {
      template: (id) => (person ? this.#people.secrets.template(person, id) : null),
      card: (id) => {
        const held = person && this.#people.secrets.cardTemplateOf(person);
        return held?.id === id ? { id, sealed: held.sealed } : null;
      },
      photoKey: () => person && this.photoKey(person, field === 'checkin.photo' ? 'checkin' : 'enrolment', record),
    });
  }

  /** Returns the key of the file of this record's photo, as sent to the server: unpadded base64url. */
  photoKey(person: Known, kind: 'checkin' | 'enrolment', record: string): string {
    return fileKey(this.#people.photosKey(person), { kind, record }).export().toString('base64url');
  }

  /** Appends an event with its personal values, in the running transaction. A photo's values are in a separate row. */
  append(type: EventType, open: object, personal: object, person: Known | null, id?: Buffer): Inserted {
    const event = this.#log.compose(type, open, personal, id);
    const own = event.salted.filter(({ field }) => !ofPhoto(field));
    const sealed = own.length > 0 ? this.seal(`event.${type}`, person, event.id, own) : null;
    return this.#log.store(event, sealed && person ? person.ref : null, sealed);
  }

  /** Returns all personal values of an event that still exist. @param beside result of `#besides` for a range that includes it */
  of(row: EventRow, beside: Besides = this.#besides(row.n, row.n)): Salted[] {
    const record = uuidText(row.id);
    const type = typeOf(row.type);
    if (type === 'person')
      return [
        ...this.#rowOf(row, 'event.person', record),
        ...this.#rowOf(beside.photos.get(row.n), 'person.photo', record),
      ];
    if (type !== 'checkin') return this.#rowOf(row, `event.${type}`, record);
    return [
      ...this.#rowOf(row, 'checkin.match', record),
      ...this.#rowOf(beside.photos.get(row.n), 'checkin.photo', record),
      ...this.#rowOf(beside.positions.get(row.n), 'checkin.gps', record),
    ];
  }

  /** Reads the rows of photos and positions for a range of events: two queries, however many events. */
  #besides(from: number, to: number): Besides {
    const byNumber = (sql: string) => new Map(this.#sql.rows<SealedRow>(sql, from, to).map((row) => [row.n, row]));
    return {
      photos: byNumber('SELECT n, person, sealed FROM photo WHERE n BETWEEN ? AND ? AND sealed IS NOT NULL'),
      positions: byNumber('SELECT n, person, sealed FROM checkin_gps WHERE n BETWEEN ? AND ?'),
    };
  }

  #rowOf(row: Pick<SealedRow, 'person' | 'sealed'> | undefined, field: string, record: string): Salted[] {
    if (!row?.sealed) return [];
    const person = row.person === null ? null : this.#people.byRef(row.person);
    return this.open(field, person, record, row.sealed);
  }

  /**
   * Returns events in wire form with whatever personal values still exist: the first ones, up to about `bytes` of JSON and at
   * least one.
   */
  wire(rows: readonly EventRow[], bytes = Number.POSITIVE_INFINITY): WireEvent[] {
    const events: WireEvent[] = [];
    const [first, last] = [rows[0], rows.at(-1)];
    if (!first || !last) return events;
    const beside = this.#besides(first.n, last.n);
    let left = bytes;
    for (const [i, row] of rows.entries()) {
      const event = wireEvent(this.#log.headerOf(row, rows[i - 1]), this.of(row, beside));
      left -= weightOf(event);
      if (left < 0 && events.length > 0) break;
      events.push(event);
    }
    return events;
  }
}

interface SealedRow {
  readonly n: number;
  readonly person: number | null;
  readonly sealed: Buffer | null;
}

/** Rows with further values of some events, by event number. */
interface Besides {
  readonly photos: ReadonlyMap<number, SealedRow>;
  readonly positions: ReadonlyMap<number, SealedRow>;
}

/** Returns whether a field of an event is stored in its photo's row, and deleted with it. */
export const ofPhoto = (field: string): boolean => field === 'photo' || field === 'photoKey';
