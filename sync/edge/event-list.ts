import { randomBytes, randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import { commit, headerHash } from '../protocol/seal/chain.ts';
import {
  EVENT_VERSION,
  type EventType,
  GENESIS,
  type Open,
  type Personal,
  type WireEvent,
} from '../protocol/wire/event.ts';
import type { EpochMark, EventPlace, LastAck, OutboxSource } from './outbox.ts';

export interface EventListOptions {
  readonly device: string;
  readonly epoch?: string;
  /** The boot id in the events. */
  readonly bootId: string;
  /** Salt of a personal value, 16 bytes; random ones by default. */
  readonly salt?: () => Uint8Array;
}

/** An in-memory outbox that makes events like the kiosk's store does: salted, committed and chained. */
export class EventList implements OutboxSource {
  readonly device: string;
  epoch: string;
  readonly events: WireEvent[] = [];
  readonly removals: number = 0;
  protected readonly committed = new Map<string, number>();
  readonly #bootId: string;
  readonly #salt: () => Uint8Array;
  #prev = GENESIS;
  #seq = 0;
  #last: LastAck | null = null;

  constructor({ device, epoch = randomUUID(), bootId, salt = () => randomBytes(16) }: EventListOptions) {
    this.device = device;
    this.epoch = epoch;
    this.#bootId = bootId;
    this.#salt = salt;
  }

  append<T extends EventType>(type: T, open: Open<T>, personal: Personal<T>, at = new Date(), id = v7()): WireEvent {
    const salted = Object.fromEntries(
      Object.entries(personal)
        .filter(([, v]) => v !== undefined)
        .map(([field, value]) => [field, { salt: Buffer.from(this.#salt()).toString('base64url'), value }]),
    );
    const seq = ++this.#seq;
    const event: WireEvent = {
      header: {
        v: EVENT_VERSION,
        id,
        device: this.device,
        epoch: this.epoch,
        seq,
        at: { utc: at.toISOString(), monotonic: this.events.length, bootId: this.#bootId, offset: 0 },
        type,
        open,
        commitments: Object.fromEntries(
          Object.entries(salted).map(([field, { salt, value }]) => [field, commit(salt, value)]),
        ),
        prev: this.#prev,
      },
      personal: salted,
    };
    this.#prev = headerHash(event.header);
    this.events.push(event);
    return event;
  }

  /** Starts a new epoch, as a restored or rolled-back store does. */
  newEpoch(): void {
    this.epoch = randomUUID();
    this.#seq = 0;
    this.#prev = GENESIS;
  }

  pending(limit: number, _bytes?: number, after?: EventPlace): WireEvent[] {
    const open = this.events.filter((e) => e.header.seq > (this.committed.get(e.header.epoch) ?? 0));
    if (!after) return open.slice(0, limit);
    // As in the store: events of an epoch older than `after` don't come after it.
    const epochs = this.marks().map(({ epoch }) => epoch);
    const place = epochs.indexOf(after.epoch);
    const behind = ({ header }: WireEvent) =>
      header.epoch === after.epoch ? header.seq > after.seq : epochs.indexOf(header.epoch) > place;
    return open.filter(behind).slice(0, limit);
  }

  pendingCount(): number {
    return this.pending(Number.POSITIVE_INFINITY).length;
  }

  acknowledge(epoch: string, marks: { committed: number; safe: number }): void {
    this.committed.set(epoch, Math.max(this.committed.get(epoch) ?? 0, marks.committed));
  }

  rewind(epoch: string, marks: { committed: number; safe: number }): void {
    this.committed.set(epoch, marks.committed);
  }

  rolledBack(): void {
    this.newEpoch();
  }

  marks(): EpochMark[] {
    return [...new Set([...this.events.map((e) => e.header.epoch), this.epoch])].map((epoch) => ({
      epoch,
      committed: this.committed.get(epoch) ?? 0,
      safe: 0,
      trimmed: 0,
      made: Math.max(0, ...this.events.filter((e) => e.header.epoch === epoch).map((e) => e.header.seq)),
    }));
  }

  lastAck(): LastAck | null {
    return this.#last;
  }

  keepAck(ack: LastAck): void {
    this.#last = ack;
  }
}
