import { headerHash } from '../../sync/protocol/seal/chain.ts';
import { type EventHeader, GENESIS } from '../../sync/protocol/wire/event.ts';

/** An event as one end stores it. */
export interface Held {
  readonly device: string;
  readonly epoch: string;
  readonly seq: number;
  readonly header: EventHeader;
  /** Address of the event's photo. Only known from a kiosk. */
  readonly photo?: string | undefined;
}

/** A check-in that a kiosk confirmed after its transaction. */
export interface Confirmed {
  readonly device: string;
  readonly id: string;
}

/** The differences between both ends. */
export interface Verdict {
  readonly events: number;
  readonly confirmed: number;
  /** Confirmed ids that the server doesn't have. */
  readonly lost: readonly string[];
  /** Identities (device, epoch, seq) or ids that the server has more than once. */
  readonly doubled: readonly string[];
  /** A gap, a step back in time within one boot, or a different order from the kiosk's. */
  readonly disordered: readonly string[];
  /** Events that don't continue their predecessor's hash. */
  readonly broken: readonly string[];
  /** Number of events in the server's quarantine. */
  readonly quarantined: number;
}

/**
 * Compares both ends. Pure; relies on no mark of either end.
 * @param excused ids that may be missing: confirmed after the copy of a kiosk's folder and not sent before its rollback
 */
export function check(o: {
  confirmed: readonly Confirmed[];
  server: readonly Held[];
  kiosks: readonly Held[];
  projected: readonly string[];
  quarantined: number;
  /** Photos that are intact on the server, as `device address`. */
  photos: ReadonlySet<string>;
  excused: ReadonlySet<string>;
}): Verdict {
  const ids = new Map<string, number>();
  const slots = new Map<string, number>();
  for (const { device, epoch, seq, header } of o.server) {
    count(ids, header.id);
    count(slots, `${device} ${epoch} ${seq}`);
  }
  const rows = new Map<string, number>();
  for (const id of o.projected) count(rows, id);
  const doubled = [...twice(ids), ...twice(slots), ...[...twice(rows)].map((id) => `check-in ${id}`)];
  const wanted = [...o.confirmed.map((c) => c.id), ...o.kiosks.map((k) => k.header.id)];
  const lost = [...new Set(wanted)].filter((id) => !ids.has(id) && !o.excused.has(id));
  // A check-in that is in the log but not in attendance is as lost as one that never arrived.
  const missing = o.server.filter(({ header }) => header.type === 'checkin' && !rows.has(header.id));
  lost.push(...missing.map(({ header }) => `check-in ${header.id}`));

  for (const { device, header, photo } of o.kiosks)
    if (photo !== undefined && !o.photos.has(`${device} ${photo}`)) lost.push(`photo of ${header.id}`);

  const disordered: string[] = [];
  const broken: string[] = [];
  for (const [epoch, events] of byEpoch(o.server)) {
    let prev = GENESIS;
    let before: EventHeader | null = null;
    events.forEach(({ seq, header }, i) => {
      if (seq !== i + 1 || header.seq !== seq) disordered.push(`${epoch}: ${seq} stands at ${i + 1}`);
      if (before && before.at.bootId === header.at.bootId && header.at.monotonic < before.at.monotonic)
        disordered.push(`${epoch}: ${seq} is earlier than the one before it`);
      if (header.prev !== prev) broken.push(`${epoch}: ${seq}`);
      prev = headerHash(header);
      before = header;
    });
  }
  const here = new Map(o.server.map((e) => [`${e.device} ${e.epoch} ${e.seq}`, e.header.id]));
  for (const { device, epoch, seq, header } of o.kiosks) {
    const there = here.get(`${device} ${epoch} ${seq}`);
    if (there !== undefined && there !== header.id) disordered.push(`${epoch}: ${seq} is another event on the kiosk`);
  }
  return {
    events: o.server.length,
    confirmed: new Set(o.confirmed.map((c) => c.id)).size,
    lost,
    doubled,
    disordered,
    broken,
    quarantined: o.quarantined,
  };
}

/** Nothing is lost or duplicated, order and chain are intact, and the quarantine is empty. */
export function isClean(v: Verdict): boolean {
  return v.lost.length + v.doubled.length + v.disordered.length + v.broken.length + v.quarantined === 0;
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function* twice(map: ReadonlyMap<string, number>): Iterable<string> {
  for (const [key, n] of map) if (n > 1) yield key;
}

function byEpoch(events: readonly Held[]): Map<string, Held[]> {
  const groups = new Map<string, Held[]>();
  for (const event of events) {
    const key = `${event.device} ${event.epoch}`;
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.seq - b.seq);
  return groups;
}
