import { headerHash } from '../../sync/protocol/seal/chain.ts';
import { type EventHeader, GENESIS } from '../../sync/protocol/wire/event.ts';

/** An event as one end has it. */
export interface Held {
  readonly device: string;
  readonly epoch: string;
  readonly seq: number;
  readonly header: EventHeader;
  /** Address of the photo that it names; only as a kiosk has it. */
  readonly photo?: string | undefined;
}

/** A check-in that a kiosk confirmed: it said so after its transaction. */
export interface Confirmed {
  readonly device: string;
  readonly id: string;
}

/** What a rollback of a kiosk's whole folder took away itself: what it had confirmed after the copy and not yet sent. */
export interface Verdict {
  readonly events: number;
  readonly confirmed: number;
  /** Confirmed and not at the server. */
  readonly lost: readonly string[];
  /** Identities (device, epoch, seq) or ids that the server has more than once. */
  readonly doubled: readonly string[];
  /** A hole, a step back in time of one boot, or another order than the kiosk's. */
  readonly disordered: readonly string[];
  /** An event that does not continue its predecessor's hash. */
  readonly broken: readonly string[];
  /** In quarantine at the server. */
  readonly quarantined: number;
}

/**
 * Holds both ends against each other. Pure; trusts no mark of either end.
 *
 * @param excused ids that were destroyed with the kiosk's folder, and may be missing
 */
export function check(o: {
  confirmed: readonly Confirmed[];
  server: readonly Held[];
  kiosks: readonly Held[];
  projected: readonly string[];
  quarantined: number;
  /** Photos that the server has whole, as `device address`. */
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
  // A check-in that is in the log and not in attendance is as lost as one that never came.
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

/** Nothing lost, nothing doubled, order and chain whole, nothing left in quarantine. */
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
