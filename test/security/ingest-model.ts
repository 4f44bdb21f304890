import { createHash } from 'node:crypto';
import { headerHash } from '../../sync/protocol/seal/chain.ts';
import { GENESIS, type WireEvent } from '../../sync/protocol/wire/event.ts';
import { namesOf } from '../../sync/server/core/people/records.ts';
import type { Target } from './target.ts';

/**
 * A small model, without a database, of what the server must hold: the log, the quarantine, the marks, and what screens
 * read. Written from docs/develop/protocol.md, not from the server's code.
 */

/** One event as delivered, and its fault if it has one. */
export interface Delivered {
  /** The event as sent over the wire. */
  readonly raw: unknown;
  /** Null if the event is sound. `event-not-storable` only shows when the event would be written. */
  readonly fault: string | null;
}

interface Kept {
  readonly event: WireEvent;
  readonly hash: string;
}

interface Person {
  name: string | null;
  erased: boolean;
  claimed: number;
}

export interface Place {
  readonly device: string;
  readonly epoch: string;
}

const placeOf = ({ device, epoch }: Place) => `${device} ${epoch}`;
const digestOf = (raw: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(raw) ?? 'null')
    .digest('base64url');

/** Everything that the test compares, as plain values in a fixed order. */
export interface Snapshot {
  /** device, epoch, number, header hash, chain, whether it still names someone and holds values */
  events: [string, string, number, string, string, boolean, boolean][];
  quarantine: [string, string, number, string, string][];
  marks: [string, string, number][];
  checkins: [string, string, string | null][];
  voids: [string, string][];
  people: [string, string | null, boolean][];
}

export class IngestModel {
  readonly log = new Map<string, Map<number, Kept>>();
  /** Quarantined events by place, sequence number and digest. */
  readonly quarantine = new Map<
    string,
    { place: string; seq: number; digest: string; reason: string; item: Delivered; emptied?: boolean }
  >();
  readonly people = new Map<string, Person>();
  readonly voids = new Map<string, [string, string]>();
  readonly #ids = new Set<string>();
  /** Events that delete an unknown person, and so name nobody. */
  readonly #nameless = new Set<string>();

  clone(): IngestModel {
    const copy = new IngestModel();
    for (const [place, slots] of this.log) copy.log.set(place, new Map(slots));
    for (const [key, held] of this.quarantine) copy.quarantine.set(key, { ...held });
    for (const [id, person] of this.people) copy.people.set(id, { ...person });
    for (const [key, v] of this.voids) copy.voids.set(key, v);
    for (const id of this.#ids) copy.#ids.add(id);
    for (const id of this.#nameless) copy.#nameless.add(id);
    return copy;
  }

  /** Delivers a batch. @returns the acknowledged mark */
  deliver(place: Place, first: number, items: readonly Delivered[]): number {
    const slots = this.#slots(placeOf(place));
    const fresh: WireEvent[] = [];
    for (const [i, item] of items.entries()) {
      const seq = first + i;
      const reason = this.#judge(slots, seq, item);
      if (reason === undefined) continue;
      if (reason !== null) this.#hold(placeOf(place), seq, item, reason);
      else {
        const event = item.raw as WireEvent;
        slots.set(seq, { event, hash: headerHash(event.header) });
        this.#ids.add(event.header.id);
        fresh.push(event);
      }
    }
    this.#project(fresh);
    return this.committed(place);
  }

  /** @returns null if the event is new, undefined if it already exists, otherwise the reason for its quarantine */
  #judge(slots: Map<number, Kept>, seq: number, { raw, fault }: Delivered): string | null | undefined {
    if (fault !== null && fault !== 'event-not-storable') return fault;
    const { header } = raw as WireEvent;
    const there = slots.get(seq);
    if (there) return there.hash === headerHash(header) ? undefined : 'sequence-reused';
    if (this.#ids.has(header.id)) return 'event-id-reused';
    return fault;
  }

  /** Empties quarantined events of erased people, as an erasure does: only their arrival and the reason are kept. */
  unlink(): void {
    for (const held of this.quarantine.values()) {
      const { personal } = (held.item.raw ?? {}) as Partial<WireEvent>;
      if (this.people.get(personal?.person?.value as string)?.erased) held.emptied = true;
    }
  }

  /** Retries a device's quarantined events in their order of arrival. */
  retry(device: string): void {
    for (const [key, held] of [...this.quarantine]) {
      if (!held.place.startsWith(device) || held.emptied) continue;
      const slots = this.#slots(held.place);
      const reason = this.#judge(slots, held.seq, held.item);
      if (typeof reason === 'string') {
        held.reason = reason;
        continue;
      }
      this.quarantine.delete(key);
      if (reason === undefined) continue;
      const event = held.item.raw as WireEvent;
      slots.set(held.seq, { event, hash: headerHash(event.header) });
      this.#ids.add(event.header.id);
      this.#project([event]);
    }
  }

  committed(place: Place): number {
    const slots = this.#slots(placeOf(place));
    const held = new Set([...this.quarantine.values()].filter((q) => q.place === placeOf(place)).map((q) => q.seq));
    let mark = 0;
    while (slots.has(mark + 1) || held.has(mark + 1)) mark += 1;
    return mark;
  }

  #slots(place: string): Map<number, Kept> {
    let slots = this.log.get(place);
    if (!slots) {
      slots = new Map();
      this.log.set(place, slots);
    }
    return slots;
  }

  #hold(place: string, seq: number, item: Delivered, reason: string): void {
    const digest = digestOf(item.raw);
    const key = `${place} ${seq} ${digest}`;
    if (!this.quarantine.has(key)) this.quarantine.set(key, { place, seq, digest, reason, item });
  }

  #project(events: readonly WireEvent[]): void {
    for (const { header, personal } of events) {
      if (header.type === 'void') {
        const { target } = header.open as { target: string };
        this.voids.set(`${target} ${header.device}`, [target, header.device]);
      }
      const id = personal.person?.value as string | undefined;
      if (header.type !== 'person' || !id) continue;
      if ((header.open as { change: string }).change === 'deleted' && !this.people.has(id)) {
        this.#nameless.add(header.id);
        continue;
      }
      const person = this.people.get(id) ?? { name: null, erased: false, claimed: 0 };
      this.people.set(id, person);
      if (person.erased) continue;
      if ((header.open as { change: string }).change === 'deleted') {
        Object.assign(person, { name: null, erased: true });
        continue;
      }
      const at = Date.parse(header.at.utc) + header.at.offset;
      const name = personal.name?.value as string | undefined;
      if (name !== undefined && (person.name === null || at >= person.claimed)) person.name = name;
      person.claimed = Math.max(person.claimed, at);
    }
  }

  snapshot(): Snapshot {
    const events: Snapshot['events'] = [];
    const checkins: Snapshot['checkins'] = [];
    const marks: Snapshot['marks'] = [];
    for (const [place, slots] of this.log) {
      const [device, epoch] = place.split(' ') as [string, string];
      marks.push([device, epoch, this.committed({ device, epoch })]);
      for (const [seq, { event, hash }] of slots) {
        const id = (event.personal.person?.value as string | undefined) ?? null;
        const erased = this.#nameless.has(event.header.id) || (id !== null && this.people.get(id)?.erased === true);
        const before = seq === 1 ? GENESIS : slots.get(seq - 1)?.hash;
        const chain = before === undefined ? 'unverified' : before === event.header.prev ? 'whole' : 'broken';
        const values = Object.keys(event.personal).length > 0;
        events.push([device, epoch, seq, hash, chain, id !== null && !erased, values && !erased]);
        if (event.header.type === 'checkin')
          checkins.push([event.header.id, String(event.header.open.direction), erased ? null : id]);
      }
    }
    return sorted({
      events,
      checkins,
      marks,
      quarantine: [...this.quarantine.values()].map(({ place, seq, digest, reason }) => {
        const [device, epoch] = place.split(' ') as [string, string];
        return [device, epoch, seq, digest, reason];
      }),
      voids: [...this.voids.values()],
      people: [...this.people].map(([id, { name, erased }]) => [id, name, erased]),
    });
  }
}

/** Returns the same snapshot of these devices, as the database holds it. */
export async function snapshotOf(
  { database: { db }, keys }: Target,
  devices: readonly string[],
  people: readonly string[],
): Promise<Snapshot> {
  const names = await namesOf(db, keys, people);
  const known = people.length
    ? await db.selectFrom('person').select(['id', 'deleted_at']).where('id', 'in', people).execute()
    : [];
  return sorted({
    events: (
      await db
        .selectFrom('event')
        .select(['device', 'epoch', 'seq', 'header_hash', 'chain', 'person', 'personal'])
        .where('device', 'in', devices)
        .execute()
    ).map((r) => [r.device, r.epoch, Number(r.seq), r.header_hash, r.chain, r.person !== null, r.personal !== null]),
    quarantine: (
      await db
        .selectFrom('quarantine')
        .select(['device', 'epoch', 'seq', 'digest', 'reason'])
        .where('device', 'in', devices)
        .execute()
    ).map((r) => [r.device, r.epoch, Number(r.seq), r.digest, r.reason]),
    marks: (
      await db.selectFrom('ack_mark').select(['device', 'epoch', 'committed']).where('device', 'in', devices).execute()
    ).map((r) => [r.device, r.epoch, Number(r.committed)]),
    checkins: (
      await db.selectFrom('checkin').select(['id', 'direction', 'person']).where('device', 'in', devices).execute()
    ).map((r) => [r.id, r.direction, r.person]),
    voids: (
      await db.selectFrom('checkin_void').select(['target', 'device']).where('device', 'in', devices).execute()
    ).map((r) => [r.target, r.device]),
    people: known.map((r) => [r.id, names.get(r.id) ?? null, r.deleted_at !== null]),
  });
}

function sorted(snapshot: Snapshot): Snapshot {
  const order = (a: unknown[], b: unknown[]) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  for (const rows of Object.values(snapshot) as unknown[][][]) rows.sort(order);
  const { events, quarantine, marks, checkins, voids, people } = snapshot;
  return { events, quarantine, marks, checkins, voids, people };
}
