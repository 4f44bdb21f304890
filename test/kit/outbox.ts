import { randomBytes, randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import { EventList } from '../../sync/edge/event-list.ts';
import type { EpochMark } from '../../sync/edge/outbox.ts';
import type { TemplateValue, WireEvent } from '../../sync/protocol/wire/event.ts';

/** Events in memory, with what tests make people do, and what the engine reported to it. */
export class MemoryOutbox extends EventList {
  readonly acks: { epoch: string; committed: number; safe: number }[] = [];
  readonly rewinds: { epoch: string; committed: number }[] = [];
  override removals = 0;
  /** The sequence number up to which each epoch was trimmed. */
  readonly trimmed = new Map<string, number>();

  constructor(device: string = randomUUID()) {
    super({ device, bootId: 'test' });
  }

  person(name: string, id: string = randomUUID()): string {
    this.append('person', { change: 'added' }, { person: id, name, number: '1001', language: 'en' });
    return id;
  }

  /** Enrols someone with a face: a person, a consent unless excluded, and templates. @returns the person */
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
      /** The start of the id by default. */
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

  templates(person: string, count = 1, at = new Date(), model = 'arc', quality?: number[]): TemplateValue[] {
    const templates = Array.from({ length: count }, () => ({
      id: v7(),
      pose: 'front',
      vector: randomBytes(2048).toString('base64url'),
    }));
    this.append('template', { change: 'added', model, count }, { person, templates, ...(quality && { quality }) }, at);
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

  override acknowledge(epoch: string, marks: { committed: number; safe: number }): void {
    this.acks.push({ epoch, ...marks });
    super.acknowledge(epoch, marks);
  }

  override rewind(epoch: string, { committed, safe }: { committed: number; safe: number }): void {
    this.rewinds.push({ epoch, committed });
    super.rewind(epoch, { committed: Math.max(committed, this.trimmed.get(epoch) ?? 0), safe });
  }

  override marks(): EpochMark[] {
    return super.marks().map((mark) => ({ ...mark, trimmed: this.trimmed.get(mark.epoch) ?? 0 }));
  }
}
