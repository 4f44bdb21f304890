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

/** A personal value with the salt's bytes, before it is sealed into its row. */
export interface Salted {
  readonly field: string;
  readonly salt: Uint8Array;
  /** Its RFC 8785 text, which is what was committed to. */
  readonly text: string;
}

export interface Epoch {
  readonly ref: number;
  readonly id: string;
  /** Events of earlier epochs: seq = n − base. */
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
  /** Values of event's columns, in their order. */
  readonly columns: readonly (number | string | Buffer | null)[];
  readonly hash: string;
}

/** A row of `event` joined with what its header needs. */
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

/** When an event happened, by trusted time as the kiosk knew it then, ms since 1970: `utc` is only what its clock claimed. */
export const happenedAt = ({ utc, offset }: Pick<EventRow, 'utc' | 'offset'>): number => utc + offset;

/** Types whose open halves repeat. */
const SHARED: ReadonlySet<EventType> = new Set(['checkin', 'person', 'consent', 'template', 'pin']);

const EPOCHS = 'SELECT ref, id, base, committed, safe, trimmed, anchor FROM epoch ORDER BY ref';
const INSERT =
  'INSERT INTO event(n, epoch, id, boot, utc, monotonic, offset, type, own, shared, fields, digests, person, sealed) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)';

/**
 * The chain of events: appends in a transaction of the caller's, rebuilds headers, and keeps what the next event needs
 * (number, previous hash) in memory. One instance a connection.
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
  /** Whether the newest epoch was begun by this opening of the store, and may be appended to. */
  #own: boolean;

  /**
   * @param own false: the newest epoch is of an earlier opening, and the next event begins another. The file may be an older
   *   copy put back with everything beside it, which nothing here can tell; so no epoch outlives an opening, and no number
   *   can ever be used for two events.
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

  /** Number of the newest event over all epochs; 0 when there was none. */
  get last(): number {
    return this.#last;
  }

  /** Whether the server has committed the event of this number (0: it never was an event of ours). */
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

  /** Reads the epochs again after a change of their marks. */
  refreshEpochs(): void {
    this.#epochs = this.#readEpochs();
    this.#epoch = this.#epochs.get(this.#epoch.ref)!;
  }

  /** Whether the next event goes into the newest epoch; else it begins another. */
  get own(): boolean {
    return this.#own;
  }

  /** Begins a new epoch, in the running transaction or by itself. */
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

  /** One durable transaction. When it fails, nothing of it is left, in the file or in memory. */
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
      // SQLite rolls back by itself when the disk is full or fails.
      if (this.#sql.db.inTransaction) this.#sql.run('ROLLBACK');
      this.#own = own;
      this.#takeNewest();
      throw error;
    }
  }

  /** An id for an event to come; see uuidV7 for what its counter is good for. */
  newId(): Buffer {
    return uuidV7(this.#clock.now(), this.#last + 1, this.#random);
  }

  /** Puts one event without personal values into the running transaction. */
  insert(type: EventType, open: object): Inserted {
    return this.store(this.compose(type, open, {}), null, null);
  }

  /**
   * Puts a composed event with its sealed values into the running transaction. Outside one, its one statement is a
   * transaction by itself, which spares a BEGIN and a COMMIT.
   */
  store(composed: Composed, person: number | null, sealed: Buffer | null): Inserted {
    this.#sql.run(INSERT, ...composed.columns, person, sealed);
    this.#last = composed.n;
    this.#prev = composed.hash;
    return composed;
  }

  /** Makes the next event, without storing it; undefined personal values count as absent. A new shared half is stored. */
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
   * The header's parts, as stored; `prev` comes from the event before it (or the epoch's beginning or anchor).
   * @param earlier a row read before this one: spares the look-up where it is that event
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

  /** Starts a new epoch: the numbers go on, the sequence begins at 1 and the chain at GENESIS. */
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

/** Salted values as they travel. */
export function wireValues(salted: readonly Salted[]): Record<string, SaltedValue> {
  const out: Record<string, SaltedValue> = {};
  for (const { field, salt, text } of salted)
    out[field] = { salt: Buffer.from(salt).toString('base64url'), value: JSON.parse(text) as unknown };
  return out;
}

export function wireEvent(header: EventHeader, salted: readonly Salted[]): WireEvent {
  return { header, personal: wireValues(salted) };
}
