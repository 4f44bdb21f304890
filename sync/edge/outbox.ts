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

/** The server's progress with one epoch, as known to this kiosk. */
export interface EpochMark {
  readonly epoch: string;
  readonly committed: number;
  readonly safe: number;
  /** Events up to this number are no longer on this kiosk. */
  readonly trimmed: number;
  /** Sequence number of the last event known to this kiosk. */
  readonly made: number;
}

export interface LastAck {
  readonly logEpoch: string;
  readonly serverTime: string;
}

/** What the engine needs from the kiosk's store. Each write is durable when it returns. */
export interface OutboxSource {
  readonly device: string;
  /** The epoch that new events belong to. */
  readonly epoch: string;
  /**
   * Returns unacknowledged events in sequence order, oldest epoch first: at most `limit` events and about `bytes` of JSON, but at
   * least one. With `after`, only events after that one.
   */
  pending(limit: number, bytes?: number, after?: EventPlace): WireEvent[];
  pendingCount(): number;
  acknowledge(epoch: string, marks: { committed: number; safe: number }): void;
  /** The server has fewer events than it acknowledged: send again from `committed`, but never trimmed events. */
  rewind(epoch: string, marks: { committed: number; safe: number }): void;
  /** The server has more events of an epoch than this store made. The store is an older copy and begins a new epoch. */
  rolledBack(epoch: string, committed: number): void;
  /** Every epoch that still has events here, and the current one. */
  marks(): readonly EpochMark[];
  /** Increases whenever personal values are removed, because a batch prepared earlier may still contain some. */
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
 * JSON of the events in one batch, bytes: what fits the 512 KiB bucket as base64url, with room for header and signature. Filling
 * this bucket is cheapest; the next one is twice as large and would be half padding.
 */
const BATCH_JSON_BYTES = 391_000;

const PAGE = 32;

export interface BatchOptions {
  readonly source: OutboxSource;
  readonly secret: DeviceSecret;
  readonly serverId: string;
  readonly keys: () => ServerKeys;
  /** Maximum number of events per batch. */
  readonly most?: number | undefined;
}

/** Reads, limits and seals batches. */
export class BatchMaker {
  readonly #o: BatchOptions;
  readonly #most: number;

  constructor(options: BatchOptions) {
    this.#o = options;
    this.#most = Math.min(options.most ?? MAX_BATCH_EVENTS, MAX_BATCH_EVENTS);
  }

  /** Returns the next batch, after `after` if given; null when there is nothing to send. */
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
   * Returns the JSON of the first events to send: one epoch without gaps, as many as fit one bucket, at least one. Reads in small
   * pages, so that only the text of a large batch is in memory.
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

  /** Returns whether an earlier batch may still be sent: nothing in it was erased and no key was replaced. */
  current(batch: Prepared): boolean {
    return batch.removals === this.#o.source.removals && batch.serial === this.#o.keys().serial;
  }
}
