import { Problem } from '../errors/problem.ts';
import { sealTexts } from '../protocol/seal/batch.ts';
import { keyId } from '../protocol/seal/keys.ts';
import { MAX_BATCH_EVENTS } from '../protocol/wire/batch.ts';
import type { WireEvent } from '../protocol/wire/event.ts';
import type { ServerKeys } from '../protocol/wire/keys.ts';
import type { DeviceSecret } from './identity.ts';

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

const PAGE = 32;

export interface BatchOptions {
  readonly source: OutboxSource;
  readonly secret: DeviceSecret;
  readonly serverId: string;
  readonly keys: () => ServerKeys;
  /** Most events in one batch. */
  readonly most?: number | undefined;
}

/** Reads, bounds and seals batches. */
export class BatchMaker {
  readonly #o: BatchOptions;
  readonly #most: number;

  constructor(options: BatchOptions) {
    this.#o = options;
    this.#most = Math.min(options.most ?? MAX_BATCH_EVENTS, MAX_BATCH_EVENTS);
  }

  /** The next batch, behind `after` if it is given; null when there is nothing to send. */
  async prepare(sentAt: string, after?: EventPlace): Promise<Prepared | null> {
    const { removals } = this.#o.source;
    const keys = this.#o.keys();
    const found = this.#read(after);
    if (!found) return null;
    const { first, texts } = found;
    const trusts = await Promise.all(keys.signing.map((key) => keyId(key)));
    for (let count = texts.length; ; count >>= 1) {
      try {
        const sealed = await sealTexts(
          first,
          texts.slice(0, count),
          { signing: this.#o.secret.signing, server: keys.sealing, serverId: this.#o.serverId, trusts },
          sentAt,
        );
        const { epoch, seq } = first;
        return { sealed, epoch, first: seq, last: seq + count - 1, removals, serial: keys.serial };
      } catch (cause) {
        if (!(cause instanceof Problem && cause.code === 'batch-too-large') || count === 1) throw cause;
      }
    }
  }

  /**
   * JSON of the first events to send: one epoch, no hole, as many as fill one bucket, at least one. Read in small pages, so
   * that of a large batch only the text is ever in memory as a whole.
   */
  #read(after?: EventPlace): { first: WireEvent['header']; texts: readonly string[] } | null {
    const texts: string[] = [];
    let first: WireEvent['header'] | null = null;
    let left = BATCH_JSON_BYTES;
    let place = after;
    reading: while (texts.length < this.#most) {
      const page = this.#o.source.pending(Math.min(PAGE, this.#most - texts.length), Math.max(1, left), place);
      if (page.length === 0) break;
      for (const event of page) {
        const { header } = event;
        if (first && (header.epoch !== first.epoch || header.seq !== first.seq + texts.length)) break reading;
        const text = JSON.stringify(event);
        left -= Buffer.byteLength(text) + 1;
        if (left < 0 && first) break reading;
        first ??= header;
        texts.push(text);
        place = header;
      }
    }
    return first && { first, texts };
  }

  /** Whether a batch that was made earlier may still go: nothing in it was erased, no key was replaced. */
  current(batch: Prepared): boolean {
    return batch.removals === this.#o.source.removals && batch.serial === this.#o.keys().serial;
  }
}
