import { sealBatch } from '../protocol/seal/batch.ts';
import { keyId } from '../protocol/seal/keys.ts';
import { MAX_BATCH_EVENTS } from '../protocol/wire/batch.ts';
import type { WireEvent } from '../protocol/wire/event.ts';
import type { ServerKeys } from '../protocol/wire/keys.ts';
import { Problem } from '../protocol/wire/problem.ts';
import type { DeviceSecret } from './identity.ts';

/** Where an event stands. */
export interface EventPlace {
  readonly epoch: string;
  readonly seq: number;
}

/** How far the server is with one epoch, as far as this kiosk knows. */
export interface EpochMark {
  readonly epoch: string;
  readonly committed: number;
  readonly safe: number;
  /** Events up to here are no longer on this kiosk. */
  readonly trimmed: number;
  /** Sequence number of the last event that this kiosk knows of. */
  readonly made: number;
}

/** The newest ack that was taken. */
export interface LastAck {
  readonly logEpoch: string;
  readonly serverTime: string;
}

/** What the engine needs of the kiosk's store. Each write is durable when it returns. */
export interface OutboxSource {
  readonly device: string;
  /** The epoch that new events belong to. */
  readonly epoch: string;
  /**
   * Unacknowledged events in sequence order, oldest epoch first: at most `limit`, about `bytes` of JSON, at least one; with
   * `after`, only those behind it.
   */
  pending(limit: number, bytes?: number, after?: EventPlace): WireEvent[];
  pendingCount(): number;
  acknowledge(epoch: string, marks: { committed: number; safe: number }): void;
  /** The server has less than it said: sends again from `committed`, never from what was trimmed. */
  rewind(epoch: string, marks: { committed: number; safe: number }): void;
  /** The server has more of an epoch than this store ever made: the store is an older copy, and begins a new epoch. */
  rolledBack(epoch: string, committed: number): void;
  /** Every epoch that still has events here, and the present one. */
  marks(): readonly EpochMark[];
  /** Grows whenever personal values were removed: a batch that was made before may hold some. */
  readonly removals: number;
  lastAck(): LastAck | null;
  keepAck(ack: LastAck): void;
}

/** A batch ready to be sent. */
export interface Prepared {
  readonly sealed: string;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly removals: number;
  readonly serial: number;
}

/**
 * JSON of the events in one batch, bytes: what fits the bucket of 512 KiB as base64url, with room for header and
 * signature. Filling one bucket costs the carrier least; the next one, twice as large, would be half padding.
 */
const BATCH_JSON_BYTES = 391_000;

/** Reads, bounds and seals batches. */
export class BatchMaker {
  readonly #source: OutboxSource;
  readonly #secret: DeviceSecret;
  readonly #serverId: string;
  readonly #keys: () => ServerKeys;
  readonly #most: number;

  constructor(options: {
    source: OutboxSource;
    secret: DeviceSecret;
    serverId: string;
    keys: () => ServerKeys;
    /** Most events in one batch. */
    most?: number | undefined;
  }) {
    this.#source = options.source;
    this.#secret = options.secret;
    this.#serverId = options.serverId;
    this.#keys = options.keys;
    this.#most = Math.min(options.most ?? MAX_BATCH_EVENTS, MAX_BATCH_EVENTS);
  }

  /** The next batch, behind `after` if it is given; null when there is nothing to send. */
  async prepare(sentAt: string, after?: EventPlace): Promise<Prepared | null> {
    const { removals } = this.#source;
    const keys = this.#keys();
    const events = leadingRun(this.#source.pending(this.#most, BATCH_JSON_BYTES, after));
    const first = events[0];
    if (!first) return null;
    const texts = fitting(events);
    const trusts = await Promise.all(keys.signing.map((key) => keyId(key)));
    for (let count = texts.length; ; count >>= 1) {
      try {
        const sealed = await sealBatch(
          events.slice(0, count),
          { signing: this.#secret.signing, server: keys.sealing, serverId: this.#serverId, trusts },
          sentAt,
          texts.slice(0, count),
        );
        const { epoch, seq } = first.header;
        return { sealed, epoch, first: seq, last: seq + count - 1, removals, serial: keys.serial };
      } catch (cause) {
        if (!(cause instanceof Problem && cause.code === 'batch-too-large') || count === 1) throw cause;
      }
    }
  }

  /** Whether a batch that was made earlier may still go: nothing in it was erased, no key was replaced. */
  current(batch: Prepared): boolean {
    return batch.removals === this.#source.removals && batch.serial === this.#keys().serial;
  }
}

/** The longest beginning that makes one batch: one epoch, no hole. */
function leadingRun(events: readonly WireEvent[]): readonly WireEvent[] {
  const first = events[0]?.header;
  const end = events.findIndex((e, i) => e.header.epoch !== first!.epoch || e.header.seq !== first!.seq + i);
  return events.slice(0, end === -1 ? events.length : end);
}

/** JSON of the events at the beginning that fill one bucket; at least of one. */
function fitting(events: readonly WireEvent[]): readonly string[] {
  const texts: string[] = [];
  let left = BATCH_JSON_BYTES;
  for (const event of events) {
    const text = JSON.stringify(event);
    left -= Buffer.byteLength(text) + 1;
    if (left < 0 && texts.length > 0) break;
    texts.push(text);
  }
  return texts;
}
