import { randomUUID } from 'node:crypto';
import type { EventHeader, EventType, SaltedValue, WireEvent } from '../../../sync/protocol/wire/event.ts';
import { GENESIS } from '../../../sync/protocol/wire/event.ts';
import type { Random } from '../keys/envelope.ts';
import { actor } from './actor.ts';
import type { Clock } from './clock.ts';
import { fieldMask, fieldsOf, SharedOpen, typeCode, typeOf } from './compact.ts';
import type { Db, Sql } from './database.ts';
import {
  canonicalText,
  commitment,
  type HeaderParts,
  headerOf,
  headerText,
  Instants,
  sha256,
  uuidText,
  uuidV7,
} from './header.ts';

/** A personal value with its salt's bytes, before it is encrypted into its row. */
export interface Salted {
  readonly field: string;
  readonly salt: Uint8Array;
  /** Its RFC 8785 text, which was committed to. */
  readonly text: string;
}

export interface Epoch {
  readonly ref: number;
  readonly id: string;
  /** Number of events in earlier epochs: seq = n − base. */
  readonly base: number;
  readonly committed: number;
  readonly safe: number;
  readonly trimmed: number;
  readonly anchor: Buffer | null;
}

export interface Inserted {
  readonly n: number;
  readonly id: string;
  readonly parts: HeaderParts;
  readonly salted: readonly Salted[];
}

/** An event ready to be stored. */
export interface Composed extends Inserted {
  /** Values of the event table's columns, in their order. */
  readonly columns: readonly (number | string | Buffer | null)[];
  readonly hash: string;
}

/** A row of `event`, joined with what its header needs. */
export interface EventRow {
  n: number;
  epoch: number;
  id: Buffer;
  boot: number;
  utc: number;
  monotonic: number;
  offset: number;
  type: number;
  open: string;
  fields: number;
  digests: Buffer;
  person: number | null;
  sealed: Buffer | null;
}

/** Returns when an event happened, by trusted time as known then, ms since 1970. `utc` is only what the kiosk's clock claimed. */
export const happenedAt = ({ utc, offset }: Pick<EventRow, 'utc' | 'offset'>): number => utc + offset;

/** Types of events whose open halves recur. */
const SHARED: ReadonlySet<EventType> = new Set(['checkin', 'person', 'consent', 'template', 'pin']);

const EPOCHS = 'SELECT ref, id, base, committed, safe, trimmed, anchor FROM epoch ORDER BY ref';
const INSERT =
  'INSERT INTO event(n, epoch, id, boot, utc, monotonic, offset, type, own, shared, fields, digests, person, sealed) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)';

/**
 * The chain of events: appends in the caller's transaction, rebuilds headers, and keeps what the next event needs (number,
 * previous hash) in memory. One instance per connection.
 */
export class EventLog {
  readonly #sql: Sql;
  readonly #device: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #bootRef: number;
  readonly #boots = new Map<number, string>();
  #epochs: Map<number, Epoch>;
  #epoch: Epoch;
  #last: number;
  #prev: string;
  readonly #shared;
  readonly #instants = new Instants();
  /** Whether this opening of the store began the newest epoch, which may then be appended to. */
  #own: boolean;

  /**
   * @param own false: the newest epoch is from an earlier opening, and the next event begins another one. The file may be an
   * older copy restored together with everything beside it, which can't be detected here. So no epoch outlives an opening, and no
   * number can ever be used for two events.
   */
  constructor(sql: Sql, device: string, clock: Clock, random: Random, own = false) {
    this.#own = own;
    this.#sql = sql;
    this.#device = device;
    this.#clock = clock;
    this.#random = random;
    this.#shared = new SharedOpen(sql);
    this.#bootRef = this.#refOfBoot(clock.bootId);
    for (const row of sql.rows<{ ref: number; id: string }>('SELECT ref, id FROM boot'))
      this.#boots.set(row.ref, row.id);
    this.#epochs = this.#readEpochs();
    this.#epoch = [...this.#epochs.values()].at(-1)!;
    this.#last = this.#readLast();
    this.#prev = this.#readPrev();
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get epochs(): readonly Epoch[] {
    return [...this.#epochs.values()];
  }

  epochOf(ref: number): Epoch {
    return this.#epochs.get(ref)!;
  }

  /** Number of the newest event across all epochs; 0 if there was none. */
  get last(): number {
    return this.#last;
  }

  /** Returns whether the server has committed the event with this number (0: never an event of ours). */
  isCommitted(n: number): boolean {
    const epoch = this.epochs.findLast((one) => one.base < n);
    return epoch === undefined || n - epoch.base <= epoch.committed;
  }

  #refOfBoot(id: string): number {
    this.#sql.run('INSERT INTO boot(id) VALUES (?) ON CONFLICT DO NOTHING', id);
    return this.#sql.value<number>('SELECT ref FROM boot WHERE id = ?', id)!;
  }

  #readEpochs(): Map<number, Epoch> {
    return new Map(this.#sql.rows<Epoch>(EPOCHS).map((row) => [row.ref, row]));
  }

  #readLast(): number {
    const newest = this.#sql.value<number | null>('SELECT max(n) FROM event');
    return Math.max(newest ?? 0, this.#epoch.base + this.#epoch.trimmed);
  }

  #readPrev(): string {
    if (this.#last === this.#epoch.base) return GENESIS;
    return (this.#hashOf(this.#last, this.#epoch.ref) ?? this.#epoch.anchor!).toString('base64url');
  }

  #hashOf(n: number, epoch: number): Buffer | undefined {
    return this.#sql.value<Buffer>('SELECT substr(digests, 1, 32) FROM event WHERE n = ? AND epoch = ?', n, epoch);
  }

  /** Rereads the epochs after their marks have changed. */
  refreshEpochs(): void {
    this.#epochs = this.#readEpochs();
    this.#epoch = this.#epochs.get(this.#epoch.ref)!;
  }

  /** Whether the next event is appended to the newest epoch; if not, it begins a new one. */
  get own(): boolean {
    return this.#own;
  }

  /** Begins a new epoch, in the running transaction or in one of its own. */
  beginNext(id: string, reason: string): void {
    EventLog.beginEpoch(this.#sql.db, id, reason, this.#clock.now());
    this.#takeNewest();
    this.#own = true;
    this.#prev = GENESIS;
  }

  #takeNewest(): void {
    this.#epochs = this.#readEpochs();
    this.#epoch = [...this.#epochs.values()].at(-1)!;
  }

  /** Runs one durable transaction. If it fails, none of it remains, in the file or in memory. */
  transaction<T>(work: () => T): T {
    const last = this.#last;
    const prev = this.#prev;
    const own = this.#own;
    this.#sql.run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#sql.run('COMMIT');
      return result;
    } catch (error) {
      this.#last = last;
      this.#prev = prev;
      this.#shared.forget();
      // SQLite rolls back on its own when the disk is full or fails.
      if (this.#sql.db.inTransaction) this.#sql.run('ROLLBACK');
      this.#own = own;
      this.#takeNewest();
      throw error;
    }
  }

  /** Returns an id for a future event; see uuidV7 for the use of its counter. */
  newId(): Buffer {
    return uuidV7(this.#clock.now(), this.#last + 1, this.#random);
  }

  /** Inserts one event without personal values into the running transaction. */
  insert(type: EventType, open: object): Inserted {
    return this.store(this.compose(type, open, {}), null, null);
  }

  /**
   * Inserts a composed event with its encrypted values into the running transaction. Outside of one, its single statement is its
   * own transaction, which saves a BEGIN and a COMMIT.
   */
  store(composed: Composed, person: number | null, sealed: Buffer | null): Inserted {
    this.#sql.run(INSERT, ...composed.columns, person, sealed);
    this.#last = composed.n;
    this.#prev = composed.hash;
    return composed;
  }

  /** Composes the next event without storing it. Undefined personal values count as absent. Stores a new shared half. */
  compose(type: EventType, said: object, personal: object, id: Buffer = this.newId()): Composed {
    const by = actor(type);
    const open = by === null ? said : { ...said, by };
    if (!this.#own) this.beginNext(randomUUID(), 'opened');
    const n = this.#last + 1;
    const utc = Math.floor(this.#clock.now());
    const micros = Math.floor(this.#clock.monotonic() * 1000);
    const values = personal as Record<string, unknown>;
    const fields = Object.keys(personal)
      .filter((field) => values[field] !== undefined)
      .sort();
    const salts = this.#random(16 * fields.length);
    const commitments: string[] = [];
    const salted = fields.map((field, i): Salted => {
      const salt = salts.subarray(16 * i, 16 * i + 16);
      const text = canonicalText(values[field]);
      commitments.push(commitment(salt, text));
      return { field, salt, text };
    });
    const shared = SHARED.has(type) ? this.#shared.of(open) : null;
    const parts: HeaderParts = {
      id: uuidText(id),
      device: this.#device,
      epoch: this.#epoch.id,
      seq: n - this.#epoch.base,
      utc: this.#instants.text(utc),
      monotonic: micros / 1000,
      bootId: this.#clock.bootId,
      offset: Math.round(this.#clock.offset()),
      type,
      openText: shared?.text ?? canonicalText(open),
      fields,
      commitments,
      prev: this.#prev,
    };
    const hash = sha256(headerText(parts));
    const digests = Buffer.allocUnsafe(32 * (1 + commitments.length));
    digests.write(hash, 0, 'base64url');
    for (let i = 0; i < commitments.length; i++) digests.write(commitments[i]!, 32 * (i + 1), 'base64url');
    const columns = [
      n,
      this.#epoch.ref,
      id,
      this.#bootRef,
      utc,
      micros,
      parts.offset,
      typeCode(type),
      shared ? null : parts.openText,
      shared?.ref ?? null,
      fieldMask(fields),
      digests,
    ];
    return { n, id: parts.id, parts, salted, columns, hash };
  }

  row(n: number): EventRow | null {
    return this.#sql.row<EventRow>('SELECT * FROM whole_event WHERE n = ?', n) ?? null;
  }

  /**
   * Returns the header's parts, as stored. `prev` comes from the previous event (or the epoch's beginning or anchor).
   * @param earlier a row read before this one: saves the look-up if it is the previous event
   */
  partsOf(row: EventRow, earlier?: EventRow): HeaderParts {
    const epoch = this.#epochs.get(row.epoch)!;
    const seq = row.n - epoch.base;
    const known = earlier?.n === row.n - 1 && earlier.epoch === row.epoch ? earlier.digests.subarray(0, 32) : undefined;
    const before = seq === 1 ? null : (known ?? this.#hashOf(row.n - 1, row.epoch) ?? epoch.anchor);
    const fields = fieldsOf(row.fields);
    return {
      id: uuidText(row.id),
      device: this.#device,
      epoch: epoch.id,
      seq,
      utc: new Date(row.utc).toISOString(),
      monotonic: row.monotonic / 1000,
      bootId: this.#boots.get(row.boot) ?? this.#clock.bootId,
      offset: row.offset,
      type: typeOf(row.type),
      openText: row.open,
      fields,
      commitments: fields.map((_, i) => row.digests.subarray(32 * (i + 1), 32 * (i + 2)).toString('base64url')),
      prev: before ? before.toString('base64url') : GENESIS,
    };
  }

  headerOf(row: EventRow, earlier?: EventRow): EventHeader {
    return headerOf(this.partsOf(row, earlier));
  }

  /** Begins a new epoch: numbers continue, the sequence starts at 1 and the chain at GENESIS. */
  static beginEpoch(db: Db, id: string, reason: string, now: number): void {
    const base = db
      .prepare(
        'SELECT max(coalesce((SELECT max(n) FROM event), 0), coalesce((SELECT max(base + trimmed) FROM epoch), 0))',
      )
      .pluck()
      .get() as number;
    db.prepare('INSERT INTO epoch(id, base, reason, opened) VALUES (?, ?, ?, ?)').run(id, base, reason, now);
  }
}

/** Encodes salted values for the wire. */
export function wireValues(salted: readonly Salted[]): Record<string, SaltedValue> {
  const out: Record<string, SaltedValue> = {};
  for (const { field, salt, text } of salted)
    out[field] = { salt: Buffer.from(salt).toString('base64url'), value: JSON.parse(text) as unknown };
  return out;
}

export function wireEvent(header: EventHeader, salted: readonly Salted[]): WireEvent {
  return { header, personal: wireValues(salted) };
}
