import { randomBytes, randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import type { EpochMark, EventPlace, LastAck, OutboxSource } from '../../sync/edge/outbox.ts';
import { commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import {
  EVENT_VERSION,
  type EventType,
  GENESIS,
  type Open,
  type Personal,
  type TemplateValue,
  type WireEvent,
} from '../../sync/protocol/wire/event.ts';

/** An outbox in memory that makes events as the kiosk's store does: salted, committed, chained. */
export class MemoryOutbox implements OutboxSource {
  readonly device: string;
  epoch = randomUUID() as string;
  readonly events: WireEvent[] = [];
  readonly acks: { epoch: string; committed: number; safe: number }[] = [];
  #committed = new Map<string, number>();
  #prev = GENESIS;
  #seq = 0;

  constructor(device: string = randomUUID()) {
    this.device = device;
  }

  append<T extends EventType>(type: T, open: Open<T>, personal: Personal<T>, at = new Date(), id = v7()): WireEvent {
    const salted = Object.fromEntries(
      Object.entries(personal)
        .filter(([, v]) => v !== undefined)
        .map(([field, value]) => [field, { salt: randomBytes(16).toString('base64url'), value }]),
    );
    const event: WireEvent = {
      header: {
        v: EVENT_VERSION,
        id,
        device: this.device,
        epoch: this.epoch,
        seq: ++this.#seq,
        at: { utc: at.toISOString(), monotonic: performance.now(), bootId: 'test', offset: 0 },
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

  /** What a restored or rolled-back store does. */
  newEpoch(): void {
    this.epoch = randomUUID();
    this.#seq = 0;
    this.#prev = GENESIS;
  }

  person(name: string, id: string = randomUUID()): string {
    this.append('person', { change: 'added' }, { person: id, name, number: '1001', language: 'en' });
    return id;
  }

  /** Someone with a face: a person, a consent unless there is to be none, templates. @returns the person */
  enrol(
    name: string,
    {
      id = randomUUID(),
      at = new Date(),
      number,
      consent = true,
      textVersion = '1',
      count = 2,
      model = 'arc',
    }: {
      id?: string;
      at?: Date;
      /** By default the beginning of the id. */
      number?: string;
      consent?: boolean;
      textVersion?: string;
      count?: number;
      model?: string;
    } = {},
  ): string {
    const facts = { name, number: number ?? id.slice(0, 8), language: 'en' };
    this.append('person', { change: 'added' }, { person: id, ...facts }, at);
    if (consent) this.consent(id, 'given', at, textVersion);
    this.templates(id, count, at, model);
    return id;
  }

  consent(person: string, action: 'given' | 'withdrawn', at = new Date(), textVersion = '1'): void {
    this.append('consent', { action, textVersion, language: 'en' }, { person }, at);
  }

  templates(person: string, count = 1, at = new Date(), model = 'arc'): TemplateValue[] {
    const templates = Array.from({ length: count }, () => ({
      id: v7(),
      pose: 'front',
      vector: randomBytes(2048).toString('base64url'),
    }));
    this.append('template', { change: 'added', model, count }, { person, templates }, at);
    return templates;
  }

  checkin(person: string, direction: 'in' | 'out' = 'in', at = new Date()): WireEvent {
    return this.append(
      'checkin',
      {
        direction,
        method: 'face',
        liveness: 'off (demo)',
        model: 'test',
        threshold: 0.5,
        gallery: { people: 1, templates: 1 },
      },
      { person, score: 0.8, second: null },
      at,
    );
  }

  pending(limit: number, _bytes?: number, after?: EventPlace): WireEvent[] {
    const open = this.events.filter((e) => e.header.seq > (this.#committed.get(e.header.epoch) ?? 0));
    if (!after) return open.slice(0, limit);
    // As the store does: what is in an older epoch than `after` is not behind it.
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
    this.acks.push({ epoch, ...marks });
    this.#committed.set(epoch, Math.max(this.#committed.get(epoch) ?? 0, marks.committed));
  }

  readonly rewinds: { epoch: string; committed: number }[] = [];
  removals = 0;
  #last: LastAck | null = null;

  /** Sequence numbers up to which an epoch was trimmed. */
  readonly trimmed = new Map<string, number>();

  rewind(epoch: string, { committed }: { committed: number }): void {
    this.rewinds.push({ epoch, committed });
    this.#committed.set(epoch, Math.max(committed, this.trimmed.get(epoch) ?? 0));
  }

  rolledBack(): void {
    this.newEpoch();
  }

  marks(): EpochMark[] {
    return [...new Set([...this.events.map((e) => e.header.epoch), this.epoch])].map((epoch) => ({
      epoch,
      committed: this.#committed.get(epoch) ?? 0,
      safe: 0,
      trimmed: this.trimmed.get(epoch) ?? 0,
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
